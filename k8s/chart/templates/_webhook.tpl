{{- define "sidestep.webhook" -}}
clientConfig:
  service:
    name: control-plane
    namespace: {{ include "sidestep.namespace" . }}
    path: /inject
    port: 16017
rules:
  - apiGroups: [""]
    apiVersions: [v1]
    operations: [CREATE]
    resources: [pods]
    scope: Namespaced
matchPolicy: Equivalent
# A pod is worth more than its injection: without an answer it is made as it is, and "sidestep status" shows it.
failurePolicy: Ignore
timeoutSeconds: 2
reinvocationPolicy: IfNeeded
sideEffects: NoneOnDryRun
admissionReviewVersions: [v1]
{{- end -}}

{{- /* Not the cluster's own namespaces, and not ours. */ -}}
{{- define "sidestep.notOurs" -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values: [kube-system, kube-public, kube-node-lease, {{ include "sidestep.namespace" . }}]
{{- end -}}
