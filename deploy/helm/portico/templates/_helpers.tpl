{{- define "portico.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* Short enough for "-swift" and the like behind it in a DNS label of 63. */}}
{{- define "portico.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "portico.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "portico.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "portico.selectorLabels" -}}
app.kubernetes.io/name: {{ include "portico.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "portico.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "portico.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "portico.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "portico.fullname" .) }}
{{- end }}

{{- define "portico.secret" -}}
{{- .Values.secrets.existing | default (include "portico.fullname" .) }}
{{- end }}

{{- define "portico.claim" -}}
{{- .Values.persistence.existing | default (include "portico.fullname" .) }}
{{- end }}

{{- /* The configuration file. A frontend that values take out is shut; the gateway would open one that is missing. */}}
{{- define "portico.config" -}}
{{- $config := deepCopy .Values.config }}
{{- range $name := list "s3" "swift" "ftp" }}
{{- if not (hasKey $config.frontends $name) }}
{{- $_ := set $config.frontends $name nil }}
{{- end }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{- /* A Service with one port: a dictionary of root, name (of the frontend) and service (its values). */}}
{{- define "portico.service" -}}
{{- $frontend := index .root.Values.config.frontends .name -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "portico.fullname" .root }}-{{ .name }}
  labels:
    {{- include "portico.labels" .root | nindent 4 }}
  {{- with .service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ .service.type | default "ClusterIP" }}
  selector:
    {{- include "portico.selectorLabels" .root | nindent 4 }}
  ports:
    - name: {{ .name }}
      port: {{ $frontend.port }}
      targetPort: {{ .name }}
      protocol: TCP
{{- end }}
