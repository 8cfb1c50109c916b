{{/* What the injection policies add, from the same template as everywhere else, and the CEL of it. */}}

{{/* The native sidecar as a map. */}}
{{- define "connect-sidecar.injected" -}}
{{- $container := include "connect-sidecar.containerBody" . | fromYaml -}}
{{- toYaml (set $container "restartPolicy" "Always") -}}
{{- end }}

{{/* CEL for a value: `Object.spec...{}` for what has a type in the pod, maps for what are maps there.
     Argument: a dict of value and type. */}}
{{- define "connect-sidecar.cel" -}}
{{- $type := .type -}}
{{- if kindIs "map" .value -}}
{{- $isMap := or (hasSuffix ".limits" $type) (hasSuffix ".requests" $type) -}}
{{- $fields := list -}}
{{- range $name, $value := .value -}}
{{- $inner := include "connect-sidecar.cel" (dict "value" $value "type" (printf "%s.%s" $type $name)) -}}
{{- $fields = append $fields (printf "%s: %s" (ternary (toJson $name) $name $isMap) $inner) -}}
{{- end -}}
{{- if not $isMap }}{{ $type }}{{ end -}}
{ {{- join ", " $fields -}} }
{{- else if kindIs "slice" .value -}}
{{- $entries := list -}}
{{- range .value }}{{ $entries = append $entries (include "connect-sidecar.cel" (dict "value" . "type" $type)) }}{{ end -}}
[{{ join ", " $entries }}]
{{- else -}}
{{ toJson .value }}
{{- end -}}
{{- end }}

{{/* CEL: patches that rewrite OP_CONNECT_HOST in one list of containers. The last entry of a name is the one that
     counts; where that has a `valueFrom`, nothing is known of the value, and it stays. */}}
{{- define "connect-sidecar.celRewrite" -}}
{{- $last := `c.env.map(e, e.name).lastIndexOf("OP_CONNECT_HOST")` -}}
object.spec.{{ .list }}
  .filter(c, has(c.env) && c.env.exists(e, e.name == "OP_CONNECT_HOST"))
  .filter(c, has(c.env[{{ $last }}].value))
  {{- if .only }}
  .filter(c, c.env[{{ $last }}].value in {{ toJson .only }})
  {{- end }}
  .map(c, JSONPatch{
    op: "replace",
    path: "/spec/{{ .list }}/" + string(object.spec.{{ .list }}.map(x, x.name).indexOf(c.name)) + "/env/" + string({{ $last }}) + "/value",
    value: {{ toJson .url }}
  })
{{- end }}

{{/* Kyverno: which pods a rule is for. */}}
{{- define "connect-sidecar.kyvernoMatch" -}}
any:
  - resources:
      kinds: [Pod]
      operations: [CREATE]
      selector:
        matchLabels:
          connect-sidecar/inject: "true"
      {{- with .Values.injection.namespaceSelector }}
      namespaceSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}

{{/* Kyverno: there is no sidecar yet, and one may be added. */}}
{{- define "connect-sidecar.kyvernoUntouched" -}}
- key: "{{`{{ request.object.spec.[initContainers, containers][].name }}`}}"
  operator: AllNotIn
  value: [connect-sidecar]
- key: "{{ "{{ request.object.spec.hostNetwork || `false` }}" }}"
  operator: Equals
  value: false
- key: "{{ "{{ request.object.spec.os.name || 'linux' }}" }}"
  operator: Equals
  value: linux
{{- end }}

{{/* Kyverno: the patch of OP_CONNECT_HOST in one list of containers. */}}
{{- define "connect-sidecar.kyvernoRewrite" -}}
- list: {{ printf "request.object.spec.%s || `[]`" .list | quote }}
  foreach:
    - list: {{ "element.env || `[]`" | quote }}
      preconditions:
        all:
          - key: "{{ "{{ element.name }}" }}"
            operator: Equals
            value: OP_CONNECT_HOST
          - key: "{{ "{{ element.value || '' }}" }}"
            {{- if .only }}
            operator: AnyIn
            value: {{ toJson .only }}
            {{- else }}
            operator: NotEquals
            value: ""
            {{- end }}
      patchesJson6902: |-
        - op: replace
          path: "/spec/{{ .list }}/{{ "{{ elementIndex0 }}" }}/env/{{ "{{ elementIndex1 }}" }}/value"
          value: {{ toJson .url }}
{{- end }}
