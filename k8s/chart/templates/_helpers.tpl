{{- /* The fixed names: clients find the control plane as control-plane.sidestep-system.svc. */ -}}
{{- define "sidestep.namespace" -}}sidestep-system{{- end -}}

{{- define "sidestep.selector" -}}
app.kubernetes.io/name: control-plane
app.kubernetes.io/part-of: sidestep
{{- end -}}

{{- define "sidestep.labels" -}}
{{ include "sidestep.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "sidestep.tag" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "sidestep.image" -}}
{{- with .Values.image.registry -}}{{ trimSuffix "/" . }}/{{- end -}}control-plane:{{ include "sidestep.tag" . }}
{{- end -}}

{{- /* The Secret that cert-manager writes; "" where it is not asked. */ -}}
{{- define "sidestep.certManagerSecret" -}}
{{- if .Values.tls.certManager.issuerRef -}}
{{- if .Values.tls.existingSecret -}}
{{- fail "tls.existingSecret and tls.certManager.issuerRef are both set: keep the one that the certificate shall come from" -}}
{{- end -}}
control-plane-tls
{{- end -}}
{{- end -}}

{{- /* The Secrets with certificates that this installation has to do with, by name. */ -}}
{{- define "sidestep.tlsSecrets" -}}
{{- $certManager := include "sidestep.certManagerSecret" . -}}
{{- if .Values.tls.existingSecret -}}
[{{ .Values.tls.existingSecret | quote }}]
{{- else if $certManager -}}
[{{ $certManager | quote }}]
{{- else -}}
["control-plane-ca"]
{{- end -}}
{{- end -}}
