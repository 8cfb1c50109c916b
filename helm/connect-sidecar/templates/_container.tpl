{{/*
The container, for this chart's Deployment, for other charts' pods and for the injection policy.

Other charts include these with their own context, `{{ include "connect-sidecar.container" . }}`:
  connect-sidecar.container           an entry of `containers`: a classic sidecar
  connect-sidecar.nativeContainer     an entry of `initContainers`: a native sidecar, Kubernetes 1.29 or newer
  connect-sidecar.volumes             entries of `volumes`
  connect-sidecar.applicationEnv      entries of the application's `env`: OP_CONNECT_HOST
They go by the values under `connect-sidecar` in that chart's values. Under an alias, hand over `.Subcharts.ALIAS`.
*/}}

{{/* A subchart's view of things, whoever asks; as there is no returning a context, others hand it on by name. */}}
{{- define "connect-sidecar.container" -}}
{{- $chart := . -}}
{{- if hasKey (.Subcharts | default dict) "connect-sidecar" }}{{ $chart = index .Subcharts "connect-sidecar" }}{{ end -}}
{{- include "connect-sidecar.refuseBeside" $chart -}}
- {{ include "connect-sidecar.containerBody" $chart | nindent 2 | trim }}
{{- end }}

{{- define "connect-sidecar.nativeContainer" -}}
{{- $chart := . -}}
{{- if hasKey (.Subcharts | default dict) "connect-sidecar" }}{{ $chart = index .Subcharts "connect-sidecar" }}{{ end -}}
{{- include "connect-sidecar.refuseBeside" $chart -}}
{{- if semverCompare "<1.29.0-0" $chart.Capabilities.KubeVersion.Version -}}
{{- fail (printf "connect-sidecar.nativeContainer: Kubernetes %s runs an init container with restartPolicy Always as an ordinary one and would wait for its end for ever; native sidecars need 1.29. Include connect-sidecar.container under `containers` instead" $chart.Capabilities.KubeVersion.Version) -}}
{{- end -}}
- {{ include "connect-sidecar.containerBody" $chart | nindent 2 | trim }}
  restartPolicy: Always
{{- end }}

{{- define "connect-sidecar.volumes" -}}
{{- $chart := . -}}
{{- if hasKey (.Subcharts | default dict) "connect-sidecar" }}{{ $chart = index .Subcharts "connect-sidecar" }}{{ end -}}
{{- include "connect-sidecar.volumeList" $chart | trim -}}
{{- end }}

{{- define "connect-sidecar.applicationEnv" -}}
{{- $chart := . -}}
{{- if hasKey (.Subcharts | default dict) "connect-sidecar" }}{{ $chart = index .Subcharts "connect-sidecar" }}{{ end -}}
- name: OP_CONNECT_HOST
  value: {{ include "connect-sidecar.localUrl" $chart }}
{{- end }}

{{- define "connect-sidecar.localUrl" -}}
http://localhost:{{ .Values.ports.traffic }}
{{- end }}

{{- define "connect-sidecar.containerBody" -}}
{{- include "connect-sidecar.refuse" . -}}
{{- $isStandalone := eq .Values.topology "standalone" -}}
name: connect-sidecar
image: {{ include "connect-sidecar.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args:
  - serve
{{- if $isStandalone }}
  - --config
  - /etc/connect-sidecar/config/sidecar.toml
{{- end }}
env:
  - name: XDG_RUNTIME_DIR
    value: /run/connect-sidecar
{{- if not $isStandalone }}
  {{- include "connect-sidecar.settingsEnv" . | nindent 2 }}
{{- end }}
{{- with .Values.otlp.endpoint }}
  - name: OTEL_EXPORTER_OTLP_ENDPOINT
    value: {{ . | quote }}
{{- end }}
{{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - name: connect-api
    containerPort: {{ .Values.ports.traffic }}
    protocol: TCP
  - name: sidecar-observe
    containerPort: {{ .Values.ports.observe }}
    protocol: TCP
startupProbe:
  httpGet:
    path: /livez
    port: {{ .Values.ports.observe }}
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet:
    path: /livez
    port: {{ .Values.ports.observe }}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 3
readinessProbe:
  httpGet:
    path: /readyz
    port: {{ .Values.ports.observe }}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  {{- include "connect-sidecar.securityContext" . | nindent 2 }}
volumeMounts:
  - name: connect-sidecar-run
    mountPath: /run/connect-sidecar
{{- if $isStandalone }}
  - name: connect-sidecar-config
    mountPath: /etc/connect-sidecar/config
    readOnly: true
{{- end }}
{{- range include "connect-sidecar.secrets" . | fromYamlArray }}
  - name: {{ .volume }}
    mountPath: {{ .path }}
    readOnly: true
{{- end }}
{{- end }}

{{/* Pod Security Standards, level restricted, whatever the pod around it says. */}}
{{- define "connect-sidecar.securityContext" -}}
allowPrivilegeEscalation: false
capabilities:
  drop:
    - ALL
readOnlyRootFilesystem: true
runAsNonRoot: true
{{- with .Values.runAsUser }}
runAsUser: {{ toJson . }}
runAsGroup: {{ toJson . }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Secrets that are mounted as files: volume, Secret, the one key of it (empty: all), path. */}}
{{- define "connect-sidecar.secrets" -}}
{{- $found := list -}}
{{- with .Values.upstream -}}
{{- if .caSecret }}{{ $found = append $found (dict "volume" "connect-sidecar-upstream-ca" "secret" .caSecret "key" .caKey "path" "/etc/connect-sidecar/upstream-ca") }}{{ end -}}
{{- end -}}
{{- with .Values.tls -}}
{{- if .secret }}{{ $found = append $found (dict "volume" "connect-sidecar-tls" "secret" .secret "key" "" "path" "/etc/connect-sidecar/tls") }}{{ end -}}
{{- if .clientCaSecret }}{{ $found = append $found (dict "volume" "connect-sidecar-client-ca" "secret" .clientCaSecret "key" .clientCaKey "path" "/etc/connect-sidecar/client-ca") }}{{ end -}}
{{- end -}}
{{- with .Values.tokenInjection -}}
{{- if .existingSecret }}{{ $found = append $found (dict "volume" "connect-sidecar-token" "secret" .existingSecret "key" .key "path" "/etc/connect-sidecar/token") }}{{ end -}}
{{- end -}}
{{- with .Values.audit -}}
{{- if .keySecret }}{{ $found = append $found (dict "volume" "connect-sidecar-audit" "secret" .keySecret "key" .keyKey "path" "/etc/connect-sidecar/audit") }}{{ end -}}
{{- end -}}
{{- toYaml $found -}}
{{- end }}

{{- define "connect-sidecar.volumeList" -}}
- name: connect-sidecar-run
  emptyDir:
    medium: Memory
    sizeLimit: 1Mi
{{- if eq .Values.topology "standalone" }}
- name: connect-sidecar-config
  configMap:
    name: {{ include "connect-sidecar.fullname" . }}
{{- end }}
{{- $isStandalone := eq .Values.topology "standalone" }}
{{- range include "connect-sidecar.secrets" . | fromYamlArray }}
- name: {{ .volume }}
  secret:
    secretName: {{ .secret }}
    # 0440 with the pod's fsGroup; beside an application the group is not ours to choose: 0444.
    defaultMode: {{ ternary 288 292 $isStandalone }}
    {{- with .key }}
    items:
      - key: {{ . }}
        path: {{ . }}
    {{- end }}
{{- end }}
{{- end }}
