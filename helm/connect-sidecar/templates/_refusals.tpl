{{/* Sets of values that contradict each other, each refused with the reason. The schema has the rest. */}}

{{- define "connect-sidecar.refuse" -}}
{{- $values := .Values -}}
{{- $isStandalone := eq $values.topology "standalone" -}}
{{- if gt (int $values.replicas) 1 -}}
{{- fail (printf "replicas: %v is more than 1: each pod has a store of its own, so a write through one would not be seen by a read through another until its stored response is no longer fresh. One pod is replaced within seconds, and an outage of Connect is what it is there for" $values.replicas) -}}
{{- end -}}
{{- $lent := $values.tokenInjection -}}
{{- if $lent.existingSecret -}}
{{- if not $lent.vaults }}{{ fail "tokenInjection.vaults: is empty; name the vaults that the token is lent for by id, or '*' for all" }}{{ end -}}
{{- if lt (len $lent.placeholder) 8 }}{{ fail "tokenInjection.placeholder: needs at least 8 characters" }}{{ end -}}
{{- if and $isStandalone $lent.allowLoopback }}{{ fail "tokenInjection.allowLoopback: nobody but the container itself reaches the loopback of a standalone pod; use tokenInjection.certificates" }}{{ end -}}
{{- if and $isStandalone (not $lent.certificates) }}{{ fail "tokenInjection.certificates: is empty, and a standalone sidecar lends its token to nobody it can't tell apart: it needs digests of client certificates, tls.secret and tls.clientCaSecret" }}{{ end -}}
{{- if and (not $isStandalone) (not $lent.allowLoopback) }}{{ fail "tokenInjection.allowLoopback: must be true beside an application: every process of the pod is lent the token" }}{{ end -}}
{{- if and $lent.certificates (eq $values.tls.clientCertificates "none") }}{{ fail "tokenInjection.certificates: needs tls.clientCertificates" }}{{ end -}}
{{- else if or $lent.placeholder $lent.allowLoopback $lent.certificates $lent.vaults -}}
{{- fail "tokenInjection.existingSecret: is empty, so that the rest of tokenInjection has no use" -}}
{{- end -}}
{{- if and $values.tls.secret (not $isStandalone) }}{{ fail "tls.secret: beside an application traffic stays on the pod's loopback; https is for standalone" }}{{ end -}}
{{- if and (ne $values.tls.clientCertificates "none") (not (and $values.tls.secret $values.tls.clientCaSecret)) }}{{ fail "tls.clientCertificates: needs tls.secret and tls.clientCaSecret" }}{{ end -}}
{{- if and $values.tls.clientCaSecret (eq $values.tls.clientCertificates "none") }}{{ fail "tls.clientCaSecret: has no use without tls.clientCertificates" }}{{ end -}}
{{- if and $values.upstream.caSecret (hasPrefix "http://" $values.upstream.url) }}{{ fail "upstream.caSecret: has no use, upstream.url is plain http" }}{{ end -}}
{{- if and $values.upstream.headless $values.upstream.moreUrls }}{{ fail "upstream.headless: can't go with upstream.moreUrls: either the name or the list says which replicas there are" }}{{ end -}}
{{- if eq (int $values.ports.traffic) (int $values.ports.observe) }}{{ fail "ports.observe: is ports.traffic" }}{{ end -}}
{{- if and $values.podMonitor.enabled $values.serviceMonitor.enabled }}{{ fail "serviceMonitor.enabled: so is podMonitor; every pod would be counted twice" }}{{ end -}}
{{- if and $values.serviceMonitor.enabled (not $isStandalone) }}{{ fail "serviceMonitor.enabled: beside applications there is no Service; use podMonitor" }}{{ end -}}
{{- if and $values.networkPolicy.enabled (not $isStandalone) }}{{ fail "networkPolicy.enabled: a NetworkPolicy is about pods and can't tell a sidecar from the application beside it; it is for standalone. docs/kubernetes.md says what it can't do" }}{{ end -}}
{{- if $values.injection.enabled -}}
{{- if $isStandalone }}{{ fail "injection.enabled: the injected container is a sidecar's, so topology must be sidecar; install standalone as a release of its own" }}{{ end -}}
{{- if or $values.upstream.caSecret $lent.existingSecret $values.audit.keySecret }}{{ fail "injection.enabled: upstream.caSecret, tokenInjection.existingSecret and audit.keySecret name Secrets, which do not cross namespaces: a pod that lacks one would not start. Use the named templates where a Secret is needed" }}{{ end -}}
{{- end -}}
{{- $limit := ($values.resources.limits | default dict).memory | default "" | toString -}}
{{- $mebibytes := 0 -}}
{{- if regexMatch "^[0-9]+Mi$" $limit }}{{ $mebibytes = trimSuffix "Mi" $limit | int64 }}{{ end -}}
{{- if regexMatch "^[0-9]+Gi$" $limit }}{{ $mebibytes = mul 1024 (trimSuffix "Gi" $limit | int64) }}{{ end -}}
{{- $needed := add 64 (div (add (int64 $values.cache.storeBytes) (int64 $values.cache.bufferedBytes)) 1048576) -}}
{{- if and $mebibytes (gt $needed $mebibytes) -}}
{{- fail (printf "resources.limits.memory: %s is less than what may be used: cache.storeBytes, cache.bufferedBytes and 64 MiB for the process are %d MiB" $limit $needed) -}}
{{- end -}}
{{- end }}

{{- define "connect-sidecar.refuseBeside" -}}
{{- if ne .Values.topology "sidecar" -}}
{{- fail "connect-sidecar.topology: must be sidecar in the values of a chart that includes the container; otherwise this chart would install a standalone one as well" -}}
{{- end -}}
{{- end }}
