import { z } from 'zod';

/** One of each format, by the names of zod. */
const FORMATS: Readonly<Record<string, readonly string[]>> = {
  uuid: [
    '11111111-1111-4111-8111-111111111111',
    ...[1, 2, 3, 5, 6, 7, 8].map((v) => `11111111-1111-${v}111-8111-111111111111`),
  ],
  guid: ['11111111-1111-4111-8111-111111111111'],
  datetime: ['2020-01-02T03:04:05Z', '2020-01-02T03:04:05', '2020-01-02T03:04:05.678Z', '2020-01-02T03:04Z'],
  date: ['2020-01-02'],
  time: ['03:04:05', '03:04', '03:04:05.678'],
  duration: ['PT1H'],
  email: ['somebody@example.org'],
  url: ['https://example.org/', 'http://localhost:3000/', 'ftp://example.org/'],
  ipv4: ['192.0.2.1'],
  ipv6: ['2001:db8::1'],
  cidrv4: ['192.0.2.0/24'],
  cidrv6: ['2001:db8::/32'],
  mac: ['00:1a:2b:3c:4d:5e', '00-1a-2b-3c-4d-5e'],
  base64: ['AAAA'],
  base64url: ['AAAA'],
  e164: ['+4912345678'],
  jwt: ['eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.e30.AA', 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.AA'],
  emoji: ['🙂'],
  nanoid: ['V1StGXR8_Z5jdHi6B-myT'],
  cuid: ['cjld2cjxh0000qzrmn831i7rn'],
  cuid2: ['tz4a98xxat96iws9zmbrgj3a'],
  ulid: ['01ARZ3NDEKTSV4RRFFQ69G5FAV'],
  xid: ['9m4e2mr0ui3e8a215n4g'],
  ksuid: ['0ujsswThIGTUYm2K8FjOOfXtY1K'],
  credit_card: ['4111111111111111'],
  iban: ['GB82WEST12345698765432'],
  hostname: ['example.org'],
};

/** For everyday patterns; what fits none of them is left to a person. */
const GUESSES = 'a A 1 aa AA 11 EUR aaa 111 a1 A1 a-1 a_1 a.b 0000 en-GB 1.0.0 +4912345678'.split(' ');

/** @throws Error when no guess fits */
export function textExample(schema: z.core.$ZodType): string {
  const { format } = schema._zod.def as { format?: string };
  const fits = (guess: string) => z.safeParse(schema, guess, { jitless: true }).success;
  const found = guessesFor(schema, format).find(fits);
  if (found === undefined) throw new Error('nobody can guess this text');
  return found;
}

function guessesFor({ _zod }: z.core.$ZodType, format: string | undefined): string[] {
  const checks = (_zod.def.checks ?? []).map(
    (check) =>
      check._zod.def as {
        format?: string;
        minimum?: number;
        maximum?: number;
        length?: number;
        prefix?: string;
        suffix?: string;
        includes?: string;
      },
  );
  const least = Math.max(0, ...checks.map(({ minimum, length }) => minimum ?? length ?? 0));
  const most = Math.min(Infinity, ...checks.map(({ maximum, length }) => maximum ?? length ?? Infinity));
  const known = [format, ...checks.map((check) => check.format)].flatMap((name) => FORMATS[name ?? ''] ?? []);
  const all = (part: 'prefix' | 'includes' | 'suffix') => checks.map((check) => check[part] ?? '').join('');
  const around = (guess: string) => all('prefix') + guess + all('includes') + all('suffix');
  const long = GUESSES.map((guess) => guess.padEnd(Math.min(least, 10_000), 'a').slice(0, most));
  return [...known, ...known.map(around), ...long, ...long.map(around)];
}
