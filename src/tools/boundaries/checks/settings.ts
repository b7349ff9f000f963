import { packageUses } from '../references/package-uses.js';
import type { Check } from '../sources/visitor.js';

const ADVICE =
  'One process runs many modules, and none decides for the others: pass the setting with the call or object that needs it, or ask the platform.';

/** What packages offer to change for everybody in the process, by the names that they give it. */
const SETTINGS: Readonly<Record<string, RegExp>> = {
  undici: /^(?:setGlobalDispatcher|setGlobalOrigin|install)$/,
  zod: /(?:^|\.)(?:config|globalConfig|globalRegistry|setErrorMap)$/,
  '@opentelemetry/api': /(?:^|\.)(?:setGlobal\w+|disable|setLogger)$/,
  '@nestjs/common': /^Logger\.(?:overrideLogger|attachBuffer|detachBuffer)$/,
  typeorm: /^(?:getMetadataArgsStorage|useContainer)$/,
  rxjs: /^config$/,
  worker_threads: /^(?:set|get)EnvironmentData$|^BroadcastChannel$/,
  dns: /(?:^|\.)(?:setServers|setDefaultResultOrder)$/,
  net: /^setDefaultAutoSelectFamily\w*$/,
  tls: /^setDefaultCACertificates$/,
  http: /^(?:setMaxIdleHTTPParsers|setGlobalProxyFromEnv|globalAgent\.destroy)$/,
  https: /^globalAgent\.destroy$/,
  crypto: /^(?:setFips|setEngine)$/,
  events: /(?:^|\.)(?:setMaxListeners|captureRejections)$/,
  stream: /(?:^|\.)setDefaultHighWaterMark$/,
  v8: /^(?:setFlagsFromString|setHeapSnapshotNearHeapLimit|startupSnapshot)\b/,
  async_hooks: /^createHook$/,
  perf_hooks: /^performance\.(?:setResourceTimingBufferSize|clear\w+)$/,
};
/** Packages that set themselves up for the whole process. */
const WHOLE = /^@opentelemetry\/(?:sdk-|instrumentation|auto-instrumentations)/;

/** Settings of the process, by call. What is written to shared objects is found as a shared global. */
export const settings: Check = (source, { report }) => {
  if (!source.module) return undefined;
  return packageUses(source, (node, specifier, name) => {
    if (!isSetting(specifier, name)) return;
    const target = name === '*' ? specifier : name;
    report(node, {
      rule: 'process-setting',
      target,
      message: `${target} sets something for the whole process. ${ADVICE}`,
    });
  });
};

function isSetting(specifier: string, name: string): boolean {
  const [owner] = specifier.replace(/^node:/, '').split(/\/(?!api$|common$)/);
  const known = SETTINGS[specifier] ?? SETTINGS[owner!];
  return WHOLE.test(specifier) || (known?.test(name) ?? false);
}
