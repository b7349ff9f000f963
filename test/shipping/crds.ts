import { Ajv } from 'ajv';

const text = { type: 'string', minLength: 1 };
const texts = { type: 'object', additionalProperties: text };
const exact = (properties: Record<string, object>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const named = { ...exact({ name: text, labels: texts }), required: ['name'] };
const resource = (apiVersion: string, kind: string, spec: object) =>
  exact({ apiVersion: { const: apiVersion }, kind: { const: kind }, metadata: named, spec });

/** The kinds that operators bring, as far as they are used here: what their definitions say of these fields. */
const KINDS: Readonly<Record<string, object>> = {
  ServiceMonitor: resource(
    'monitoring.coreos.com/v1',
    'ServiceMonitor',
    exact({
      selector: exact({ matchLabels: texts }),
      endpoints: {
        type: 'array',
        minItems: 1,
        items: exact({
          port: text,
          path: { type: 'string', pattern: '^/' },
          interval: { pattern: '^\\d+(ms|s|m|h)$' },
        }),
      },
    }),
  ),
  ScaledObject: resource(
    'keda.sh/v1alpha1',
    'ScaledObject',
    exact({
      scaleTargetRef: exact({ name: text }),
      minReplicaCount: { type: 'integer', minimum: 0 },
      maxReplicaCount: { type: 'integer', minimum: 1 },
      triggers: {
        type: 'array',
        minItems: 1,
        items: exact({
          type: { const: 'prometheus' },
          metricType: { enum: ['AverageValue', 'Value'] },
          metadata: exact({
            serverAddress: text,
            query: text,
            threshold: { type: 'string', pattern: '^\\d+(\\.\\d+)?$' },
          }),
        }),
      },
    }),
  ),
};

/** @returns undefined for a kind of Kubernetes itself, else what is wrong with it */
export function problemsOfKind(manifest: { kind: string; metadata: { name: string } }): string[] | undefined {
  const schema = KINDS[manifest.kind];
  if (!schema) return undefined;
  const ajv = new Ajv({ allErrors: true, strict: false });
  const at = `${manifest.kind} ${manifest.metadata.name}`;
  return ajv.validate(schema, manifest) ? [] : [`${at}: ${ajv.errorsText()}`];
}
