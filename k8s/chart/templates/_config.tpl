{{- /* What the control plane reads at its start; a change of it rolls the pods. */ -}}
{{- define "sidestep.config" -}}
mode: {{ .Values.mode | quote }}
clusterDomain: {{ .Values.clusterDomain | quote }}
serviceRanges: {{ .Values.serviceRanges | toJson }}
socketLoadBalancing: {{ .Values.socketLoadBalancing }}
injection:
  defaultMode: {{ .Values.injection.defaultMode | quote }}
  psaMode: {{ .Values.injection.psaMode | quote }}
  podSecurity: {{ .Values.injection.podSecurity | quote }}
image:
  registry: {{ .Values.image.registry | trimSuffix "/" | quote }}
  tag: {{ include "sidestep.tag" . | quote }}
  pullPolicy: {{ .Values.image.pullPolicy | quote }}
drain:
  cap: {{ .Values.drain.cap | quote }}
sidecar:
  cpuRequest: {{ .Values.sidecar.cpuRequest | toString | quote }}
  memoryRequest: {{ .Values.sidecar.memoryRequest | toString | quote }}
  cpuLimit: {{ .Values.sidecar.cpuLimit | toString | quote }}
  memoryLimit: {{ .Values.sidecar.memoryLimit | toString | quote }}
  logLevel: {{ .Values.sidecar.logLevel | quote }}
tls:
  caSecret: "control-plane-ca"
  caLifetime: {{ .Values.tls.caLifetime | quote }}
  existingSecret: {{ .Values.tls.existingSecret | quote }}
  certManagerSecret: {{ include "sidestep.certManagerSecret" . | quote }}
{{- end -}}
