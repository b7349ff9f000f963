import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { SeamTls } from './platform/transport/seam/seam-client.js';

interface TlsFiles {
  SEAM_TLS_CA?: string | undefined;
  SEAM_TLS_CERT?: string | undefined;
  SEAM_TLS_KEY?: string | undefined;
}

/** PEM files, for hosts without a mesh. All three or none: both sides show a certificate. */
export function readTls(values: TlsFiles): { tls?: SeamTls; problems: string[] } {
  const { SEAM_TLS_CA: ca, SEAM_TLS_CERT: cert, SEAM_TLS_KEY: key } = values;
  const given = { SEAM_TLS_CA: ca, SEAM_TLS_CERT: cert, SEAM_TLS_KEY: key };
  const names = Object.keys(given) as (keyof typeof given)[];
  if (!ca && !cert && !key) return { problems: [] };
  const absent = names.filter((name) => !given[name]);
  if (absent.length > 0)
    return {
      problems: absent.map((name) => `${name}: required with the other SEAM_TLS variables: the path of a PEM file`),
    };
  const unreadable = names.filter((name) => pem(given[name]!) === undefined);
  if (unreadable.length > 0)
    return { problems: unreadable.map((name) => `${name}: expected the path of a readable PEM file`) };
  return checked({ ca: pem(ca!)!, cert: pem(cert!)!, key: pem(key!)! });
}

function checked(tls: SeamTls): { tls?: SeamTls; problems: string[] } {
  try {
    createSecureContext(tls);
    return { tls, problems: [] };
  } catch {
    return { problems: ['SEAM_TLS_KEY: expected the key of the certificate in SEAM_TLS_CERT, without a passphrase'] };
  }
}

/** The text of a PEM file; `undefined` where it cannot be read, or is none. */
export function pem(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    return text.includes('-----BEGIN ') ? text : undefined;
  } catch {
    return undefined;
  }
}
