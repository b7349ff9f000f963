{{- define "liftout.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "liftout.labels" -}}
app.kubernetes.io/part-of: liftout
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "liftout.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "liftout.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "liftout.hosts" -}}
{{- .Values.hosts | default (dict "app" (dict "public" true)) | toYaml -}}
{{- end }}

{{/* Not empty where the hosts have a seam. */}}
{{- define "liftout.seam" -}}
{{- if or .Values.seam .Values.elsewhere (gt (len .Values.hosts) 1) -}}yes{{- end -}}
{{- end }}

{{/* A host with what it says of its own: dict "root" $ "name" NAME. */}}
{{- define "liftout.host" -}}
{{- mergeOverwrite (deepCopy .root.Values.defaults) (index (include "liftout.hosts" .root | fromYaml) .name | default dict) | toYaml -}}
{{- end }}

{{/* The Service by which other hosts reach a host: dict "name" NAME "host" HOST. */}}
{{- define "liftout.seamService" -}}
{{ .name }}{{ if .host.public }}-seam{{ end }}
{{- end }}

{{/* The variable of a module's seam. */}}
{{- define "liftout.urlOf" -}}
{{ . | upper | replace "-" "_" }}_URL
{{- end }}
