import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { emptyFolder } from './stage.js';

const run = promisify(execFile);
const openssl = (args: string[]) => run('openssl', args);

/** The paths of PEM files. */
export interface Certificates {
  ca: string;
  cert: string;
  key: string;
}

/** A certificate authority of its own, and one certificate of it for this machine. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await emptyFolder();
  const at = (name: string) => join(folder, name);
  const [ca, caKey, cert, key, wish, names] = ['ca', 'ca.key', 'cert', 'key', 'csr', 'names'].map(at) as Six;
  const fresh = ['-newkey', 'rsa:2048', '-nodes'];
  await writeFile(names, 'subjectAltName=IP:127.0.0.1,DNS:localhost');
  await openssl(['req', '-x509', '-days', '1', ...fresh, '-subj', '/CN=Test CA', '-keyout', caKey, '-out', ca]);
  await openssl(['req', '-new', ...fresh, '-subj', '/CN=host', '-keyout', key, '-out', wish]);
  const by = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', '1', '-extfile', names];
  await openssl(['x509', '-req', '-in', wish, ...by, '-out', cert]);
  return { ca, cert, key };
}

type Six = [string, string, string, string, string, string];

export async function readCertificates({ ca, cert, key }: Certificates): Promise<Certificates> {
  const [one, two, three] = await Promise.all([ca, cert, key].map((path) => readFile(path, 'utf8')));
  return { ca: one!, cert: two!, key: three! };
}
