import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyFolder } from './stage.js';

/** The paths of PEM files. */
export interface Certificates {
  ca: string;
  cert: string;
  key: string;
}

/** A certificate authority of its own, and one certificate of it for this machine. */
export async function makeCertificates(): Promise<Certificates> {
  const [authority, host] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
  // Authorities are told apart by their names.
  const issuer = { name: `Test CA ${randomUUID()}`, key: authority.privateKey };
  const texts = {
    ca: certificate(issuer.name, authority.publicKey, CONSTRAINED_TO_SIGN, issuer),
    cert: certificate('host', host.publicKey, FOR_THIS_MACHINE, issuer),
    key: host.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
  const folder = await emptyFolder();
  const write = async (name: string, text: string) => (await writeFile(join(folder, name), text), join(folder, name));
  const [ca, cert, key] = await Promise.all(Object.entries(texts).map(([name, text]) => write(name, text)));
  return { ca: ca!, cert: cert!, key: key! };
}

export async function readCertificates({ ca, cert, key }: Certificates): Promise<Certificates> {
  const [one, two, three] = await Promise.all([ca, cert, key].map((path) => readFile(path, 'utf8')));
  return { ca: one!, cert: two!, key: three! };
}

/** DER (X.690): a tag, a length, a value. */
function der(tag: number, ...values: Uint8Array[]): Buffer {
  const value = Buffer.concat(values);
  const { length } = value;
  const long = length > 255 ? [0x82, length >> 8, length & 255] : [0x81, length];
  return Buffer.concat([Buffer.from([tag, ...(length < 128 ? [length] : long)]), value]);
}

const sequence = (...values: Uint8Array[]) => der(0x30, ...values);
const objectId = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const octets = (value: Uint8Array) => der(0x04, value);
const bits = (value: Uint8Array) => der(0x03, Buffer.from([0]), value);
const time = (inDays: number) => {
  const at = new Date(Date.now() + inDays * 86_400_000);
  return der(0x17, Buffer.from(`${at.toISOString().replaceAll(/\D/g, '').slice(2, 14)}Z`));
};
const nameOf = (text: string) => sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(text)))));

const ED25519 = sequence(objectId('2b6570'));
const TRUE = der(0x01, Buffer.from([0xff]));
/** basicConstraints: an authority. */
const CONSTRAINED_TO_SIGN = sequence(objectId('551d13'), TRUE, octets(sequence(TRUE)));
/** subjectAltName: 127.0.0.1 and localhost. */
const FOR_THIS_MACHINE = sequence(
  objectId('551d11'),
  octets(sequence(der(0x87, Buffer.from([127, 0, 0, 1])), der(0x82, Buffer.from('localhost')))),
);

interface Issuer {
  name: string;
  key: KeyObject;
}

/** An X.509 certificate (RFC 5280) with one extension, good for a day. @returns PEM */
function certificate(name: string, publicKey: KeyObject, extension: Buffer, issuer: Issuer): string {
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(8)]);
  const signed = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ED25519,
    nameOf(issuer.name),
    sequence(time(-1), time(1)),
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension)),
  );
  const whole = sequence(signed, ED25519, bits(sign(null, signed, issuer.key)));
  const lines = whole.toString('base64').match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
