/** What paths of the platform itself begin with; no module may use them. */
const PLATFORM = [
  'health',
  'docs',
  'openapi.json',
  'asyncapi.json',
  'metrics',
  'seam',
  '_ops',
  '_dev/traces',
  '_dev/readiness',
  '_dev/style.css',
];
/** The platform's page. Below it a module may show what is for development only, beside the pages of the platform. */
const DEVELOPMENT = '_dev';

/** The prefix of the platform that a path begins with; undefined when it is free for modules. */
export function platformPrefix(path: string): string | undefined {
  const found = PLATFORM.find((prefix) => beginsWith(path, prefix));
  return found ?? (segmentsOf(path).join('/') === DEVELOPMENT ? DEVELOPMENT : undefined);
}

/**
 * Whether a path lies below a prefix: compared by whole segments, so that `v1/orders-archive` does not lie below
 * `v1/orders`. A parameter or wildcard of either may stand for any segment.
 *
 * @param prefix of no segments lies above nothing: it says nothing about who owns the path
 */
export function beginsWith(path: string, prefix: string): boolean {
  const [own, wanted] = [segmentsOf(path), segmentsOf(prefix)];
  return wanted.length > 0 && own.length >= wanted.length && wanted.every((segment, at) => meet(segment, own[at]!));
}

function segmentsOf(path: string): string[] {
  return path.toLowerCase().split('/').filter(Boolean);
}

function meet(a: string, b: string): boolean {
  return a === b || [a, b].some((segment) => /[:*({]/.test(segment));
}
