{{/*
Values -> the program's settings, once; then written as TOML (standalone) or as variables (beside an application).
*/}}

{{/* A YAML map: section -> name -> value. The settings above all sections are in "top". */}}
{{- define "connect-sidecar.settings" -}}
{{- $values := .Values -}}
{{- $isStandalone := eq $values.topology "standalone" -}}
{{- $top := dict "mode" $values.mode "unknown_keys" $values.unknownKeys -}}
{{- $server := dict "drain_delay_seconds" $values.drain.delaySeconds "drain_timeout_seconds" $values.drain.timeoutSeconds -}}
{{- if $isStandalone -}}
{{- $_ := set $server "listen" (list (printf "[::]:%v" $values.ports.traffic)) -}}
{{- else -}}
{{- $_ := set $server "listen" (list (printf "127.0.0.1:%v" $values.ports.traffic) (printf "[::1]:%v" $values.ports.traffic)) -}}
{{- end -}}
{{- with $values.tls.secret -}}
{{- $_ := set $server "tls_certificate_file" "/etc/connect-sidecar/tls/tls.crt" -}}
{{- $_ := set $server "tls_key_file" "/etc/connect-sidecar/tls/tls.key" -}}
{{- end -}}
{{- if $values.tls.clientCaSecret -}}
{{- $_ := set $server "tls_client_ca_file" (printf "/etc/connect-sidecar/client-ca/%s" $values.tls.clientCaKey) -}}
{{- $_ := set $server "tls_client_certificates" $values.tls.clientCertificates -}}
{{- end -}}
{{- $observe := dict "listen" (list (printf "[::]:%v" $values.ports.observe)) -}}
{{- $upstream := dict "url" $values.upstream.url -}}
{{- with $values.upstream.moreUrls }}{{ $_ := set $upstream "more_urls" . }}{{ end -}}
{{- if $values.upstream.headless }}{{ $_ := set $upstream "headless" true }}{{ end -}}
{{- if $values.upstream.caSecret -}}
{{- $_ := set $upstream "ca_file" (printf "/etc/connect-sidecar/upstream-ca/%s" $values.upstream.caKey) -}}
{{- end -}}
{{- $interval := ternary 15 60 $isStandalone -}}
{{- if not (kindIs "invalid" $values.cache.changeCheckIntervalSeconds) -}}
{{- $interval = $values.cache.changeCheckIntervalSeconds -}}
{{- end -}}
{{- $cache := dict
      "store_bytes" $values.cache.storeBytes
      "stale_if_error_seconds" $values.cache.staleIfErrorSeconds
      "change_check_interval_seconds" $interval
      "generation" $values.cache.generation -}}
{{- $flights := dict "buffered_bytes" $values.cache.bufferedBytes -}}
{{- $limits := dict "mode" $values.limits.mode -}}
{{- with $values.limits.named }}{{ $_ := set $limits "named" . }}{{ end -}}
{{- $tokens := dict -}}
{{- with $values.tokens.names }}{{ $_ := set $tokens "names" . }}{{ end -}}
{{- $lent := dict -}}
{{- with $values.tokenInjection -}}
{{- if .existingSecret -}}
{{- $_ := set $lent "token_file" (printf "/etc/connect-sidecar/token/%s" .key) -}}
{{- $_ := set $lent "placeholder" .placeholder -}}
{{- $_ := set $lent "vaults" .vaults -}}
{{- $_ := set $lent "methods" .methods -}}
{{- if .allowLoopback }}{{ $_ := set $lent "allow_loopback" true }}{{ end -}}
{{- if .certificates }}{{ $_ := set $lent "certificates" .certificates }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $audit := dict "output" $values.audit.output "mode" $values.audit.mode "on_failure" $values.audit.onFailure -}}
{{- if $values.audit.keySecret -}}
{{- $_ := set $audit "key_file" (printf "/etc/connect-sidecar/audit/%s" $values.audit.keyKey) -}}
{{- end -}}
{{- $log := dict "level" $values.log.level "format" $values.log.format -}}
{{- $all := dict "top" $top "server" $server "observe" $observe "upstream" $upstream "cache" $cache "flights" $flights
      "limits" $limits "tokens" $tokens "token_injection" $lent "audit" $audit "log" $log -}}
{{- range $section, $names := $values.settings -}}
{{- $_ := set $all $section (merge (deepCopy $names) (get $all $section | default dict)) -}}
{{- end -}}
{{- toYaml $all -}}
{{- end }}

{{/* Settings that the program takes over without a restart, as "section.name"; a test compares with the program's. */}}
{{- define "connect-sidecar.live" -}}
{{- $names := list
      "cache.answer_stale_after_seconds" "cache.change_check_interval_seconds" "cache.generation"
      "cache.item_freshness_seconds" "cache.list_freshness_seconds" "cache.read_your_writes_hold_seconds"
      "cache.unverified_tokens" "limits.all_refusal_burst" "limits.all_refusals_per_second" "limits.mode" "limits.named"
      "limits.refusal_burst" "limits.refusals_per_second" "limits.request_burst" "limits.requests_per_second"
      "limits.stale_instead_of_429" "limits.unknown_token_slots" "limits.upstream_burst" "limits.upstream_per_second"
      "log.level" "log.miss_sample_ratio" "routes.allow" "routes.deny" "tokens.names" "top.mode" "top.unknown_keys"
      "upstream.max_queued_requests" "upstream.queue_wait_seconds" -}}
{{- toJson $names -}}
{{- end }}

{{/* Changes where a change needs a restart. All else is watched, and the pod keeps what it has stored. */}}
{{- define "connect-sidecar.restartChecksum" -}}
{{- $live := include "connect-sidecar.live" . | fromJsonArray -}}
{{- $kept := dict -}}
{{- range $section, $names := include "connect-sidecar.settings" . | fromYaml -}}
{{- range $name, $value := $names -}}
{{- $path := printf "%s.%s" $section $name -}}
{{- if not (has $path $live) }}{{ $_ := set $kept $path $value }}{{ end -}}
{{- end -}}
{{- end -}}
{{- toJson $kept | sha256sum -}}
{{- end }}

{{/* JSON's text, numbers and lists are TOML's, too. */}}
{{- define "connect-sidecar.toml" -}}
{{- $settings := include "connect-sidecar.settings" . | fromYaml -}}
{{- range $name, $value := get $settings "top" }}
{{ $name }} = {{ toJson $value }}
{{- end }}
{{- range $section, $names := omit $settings "top" }}
{{- $plain := dict }}
{{- $tables := dict }}
{{- range $name, $value := $names }}
{{- if kindIs "map" $value }}{{ $_ := set $tables $name $value }}{{ else }}{{ $_ := set $plain $name $value }}{{ end }}
{{- end }}
{{- if $plain }}

[{{ $section }}]
{{- range $name, $value := $plain }}
{{ $name }} = {{ toJson $value }}
{{- end }}
{{- end }}
{{- range $table, $entries := $tables }}

[{{ $section }}.{{ $table }}]
{{- range $name, $value := $entries }}
{{ toJson $name }} = {{ include "connect-sidecar.inline" $value }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "connect-sidecar.inline" -}}
{{- if kindIs "map" . -}}
{{- $pairs := list -}}
{{- range $name, $value := . -}}
{{- $pairs = append $pairs (printf "%s = %s" (toJson $name) (include "connect-sidecar.inline" $value)) -}}
{{- end -}}
{ {{- join ", " $pairs -}} }
{{- else -}}
{{ toJson . }}
{{- end -}}
{{- end }}

{{/* The same as variables: text bare, lists with commas, pairs with commas; tables of tables as TOML. */}}
{{- define "connect-sidecar.settingsEnv" -}}
{{- $settings := include "connect-sidecar.settings" . | fromYaml -}}
{{- range $section, $names := $settings }}
{{- range $name, $value := $names }}
{{- $variable := printf "CONNECT_SIDECAR__%s" (upper $name) }}
{{- if ne $section "top" }}{{ $variable = printf "CONNECT_SIDECAR__%s__%s" (upper $section) (upper $name) }}{{ end }}
- name: {{ $variable }}
  value: {{ include "connect-sidecar.variable" $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "connect-sidecar.variable" -}}
{{- if kindIs "slice" . -}}
{{- $parts := list -}}
{{- range . }}{{ $parts = append $parts (include "connect-sidecar.variable" .) }}{{ end -}}
{{- join "," $parts -}}
{{- else if kindIs "map" . -}}
{{- $pairs := list -}}
{{- $isTables := false -}}
{{- range $name, $value := . -}}
{{- if kindIs "map" $value }}{{ $isTables = true }}{{ else }}{{ $pairs = append $pairs (printf "%s=%s" $name $value) }}{{ end -}}
{{- end -}}
{{- if $isTables }}{{ include "connect-sidecar.inline" . }}{{ else }}{{ join "," $pairs }}{{ end -}}
{{- else if kindIs "string" . -}}
{{ . }}
{{- else -}}
{{ toJson . }}
{{- end -}}
{{- end }}
