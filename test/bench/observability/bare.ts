import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FROM = 'dist/src';
const TO = 'dist/bare/src';

/** What the seams call, doing nothing: the application as if nobody had thought of observing it. */
const STUBS: Readonly<Record<string, string>> = {
  'spans.js': `
    export const traceWith = () => undefined;
    export const isTracing = () => false;
    export const beginSpan = (traceparent) => ({ traceparent });
    export const beginTrace = () => undefined;
    export const inSpan = (parent, spec, work) => work(parent);
    export const inOwnSpan = (context, spec, work) => work(context);
    export const noteRunning = () => undefined;
    export const endRunning = () => undefined;
    export const spanOf = () => undefined;
    export const failed = () => undefined;
    export const spanContext = () => undefined;`,
  'crossings.js': `
    export const onCrossing = () => () => undefined;
    export const crossing = (what, work) => work();`,
  'requests.js': `
    export const onRequest = () => undefined;
    export const requested = () => undefined;`,
};

/** Makes a build without spans and numbers. @returns its main file, as seen from the folder of the real one */
export async function bareBuild(): Promise<string> {
  await rm(TO, { recursive: true, force: true });
  await cp(FROM, TO, { recursive: true });
  await cp('dist/modules', join(TO, '../modules'), { recursive: true });
  for (const [file, text] of Object.entries(STUBS)) await writeFile(join(TO, 'platform/observability', file), text);
  return '../bare/src/main.js';
}
