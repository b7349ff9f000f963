import { beforeAll, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostEnv } from '../support/host-process.js';
import { runBuilt, startHost } from '../support/host-process.js';
import { emptyFolder, ownEnv } from '../support/stage.js';

let env: Awaited<ReturnType<typeof ownEnv>>;
beforeAll(async () => void (env = await ownEnv()));

/** What a process says that cannot start: on standard error and nowhere else. */
async function refusal(changes: HostEnv): Promise<string> {
  const { code, signal, output, errors } = await runBuilt('main.js', [], { ...env, PORT: '0', ...changes }).stopped;
  expect({ code, signal, output }).toEqual({ code: 2, signal: null, output: '' });
  return errors;
}

const databaseWith = (change: (url: URL) => void) => {
  const url = new URL(env.DATABASE_URL);
  change(url);
  return url.href;
};

describe('an address that this machine does not have', () => {
  it('is not mistaken for a taken port', async () => {
    const errors = await refusal({ HOST: '203.0.113.1' });
    expect(errors).toMatch(/^Cannot listen on 203\.0\.113\.1 \(EADDRNOTAVAIL\)\. Set HOST and PORT .*\n$/);
  });
});

describe('a database that takes no writes', () => {
  it('is refused in one line', async () => {
    const readOnly = (url: URL) => url.searchParams.set('options', '-c default_transaction_read_only=on');
    expect(await refusal({ DATABASE_URL: databaseWith(readOnly) })).toBe(
      'The database takes no writes: it is a standby, or read-only. Use the URL of the primary. (LIFTOUT_DATABASE_READ_ONLY: docs/errors.md)\n',
    );
  });
});

describe('on Windows', () => {
  it('a start without a database says that there is no embedded one', async () => {
    const windows = `data:text/javascript,Object.defineProperty(process,'platform',{value:'win32'})`;
    const { DATABASE_URL: _, ...rest } = env;
    const process = runBuilt('main.js', [], { ...rest, PORT: '0', NODE_OPTIONS: `--import=${windows}` });
    const { code, errors } = await process.stopped;
    expect([code, errors]).toEqual([2, expect.stringMatching(/runs on Linux and macOS only; .* set DATABASE_URL /)]);
  });
});

describe('a database that', () => {
  const cases: [what: string, change: (url: URL) => void, message: RegExp][] = [
    [
      'is not there',
      (url) => (url.pathname = '/nowhere'),
      /^Cannot use the database [\d.:]+\/nowhere as postgres: this database does not exist: create it first\. \(LIFTOUT_DATABASE_UNREACHABLE: docs\/errors\.md\)\n$/,
    ],
    [
      'has another password',
      (url) => (url.password = 'hunter2'),
      /^Cannot use the database \S+ as postgres: the password is wrong, or there is no such user\. \(LIFTOUT_DATABASE_UNREACHABLE: docs\/errors\.md\)\n$/,
    ],
    [
      'knows no such user',
      (url) => (url.username = 'nobody'),
      /^Cannot use the database \S+ as nobody: the password is wrong, or there is no such user\. \(LIFTOUT_DATABASE_UNREACHABLE: docs\/errors\.md\)\n$/,
    ],
    [
      'is on a host that is not there',
      (url) => (url.hostname = 'nowhere.invalid'),
      /^Cannot use the database nowhere\.invalid:\d+\/\w+ as postgres: it does not answer \((ENOTFOUND|EAI_AGAIN)\)\. \(LIFTOUT_DATABASE_UNREACHABLE: docs\/errors\.md\)\n$/,
    ],
  ];

  it.each(cases)('%s is named in one line, without its password', async (_, change, message) => {
    const errors = await refusal({ DATABASE_URL: databaseWith(change) });
    expect(errors).toMatch(message);
    expect(errors).not.toContain(new URL(env.DATABASE_URL).password);
    expect(errors).not.toContain('hunter2');
  });

  it.each(['u:p@h:99999/db', 'u:p#x@h/db', 'u:p%zz@h/db', '%zz:p@h/db', 'u:p@h/%zz'])(
    'has a URL that cannot be read, like %s, is named by its variable',
    async (rest) => {
      const errors = await refusal({ DATABASE_URL: `postgres://${rest}` });
      expect(errors).toMatch(
        /^Invalid configuration:\n  - DATABASE_URL: expected a URL like [^\n]*\n\(LIFTOUT_CONFIG_INVALID: docs\/errors\.md\)\n$/,
      );
    },
  );

  it('has a name that is too long for the names of roles is told so', async () => {
    const errors = await refusal({ DATABASE_URL: databaseWith((url) => (url.pathname = `/${'x'.repeat(60)}`)) });
    expect(errors).toMatch(
      /^DATABASE_URL: The role name "\S+" is longer than [^\n]* use a shorter database name\. \(LIFTOUT_DATABASE_URL: docs\/errors\.md\)\n$/,
    );
  });

  it('would be embedded where a file is in the way is named in one line', async () => {
    const file = join(await emptyFolder(), 'file');
    await writeFile(file, '');
    const errors = await refusal({ DATABASE_URL: '', DATA_DIR: file });
    expect(errors).toContain(file);
    expect(errors).toMatch(/a file is in the way.* \(LIFTOUT_EMBEDDED_POSTGRES: docs\/errors\.md\)\n$/);
  });
});

describe('wrong variables', () => {
  const lines = (errors: string) =>
    errors
      .trimEnd()
      .split('\n')
      .slice(1, -1)
      .map((line) => line.trim());

  it.each(['abc', '0', '1e99'])(
    'wrong variables of a module are told as well: PAYMENT_TIMEOUT_MS=%s',
    async (value) => {
      expect(lines(await refusal({ PAYMENT_TIMEOUT_MS: value }))).toEqual([
        '- PAYMENT_TIMEOUT_MS: expected a number of milliseconds, at least 1',
      ]);
    },
  );

  it('levels of modules that there are not, or that are none, are told as well', async () => {
    const errors = lines(await refusal({ LOG_LEVEL: 'info,billing=debug,ordering=loud' }));
    expect(errors).toEqual([
      '- LOG_LEVEL: expected one of trace, debug, info, warn, error, fatal, silent, or such as info,catalog=debug',
      '- LOG_LEVEL: there is no module "billing"; expected some of catalog, inventory, ordering, payments, storefront',
    ]);
  });

  it.each(['-1', '80.5'])('are told in full sentences: PORT=%s', async (PORT) => {
    expect(lines(await refusal({ PORT }))).toEqual(['- PORT: expected a port number from 0 to 65535']);
  });

  it('wrong variables that are empty count as absent', async () => {
    const { DATABASE_URL, ...rest } = env;
    const host = await startHost({ ...rest, DATABASE_URL, PAYMENT_TIMEOUT_MS: '', RATE_LIMIT: '', NODE_ENV: '' });
    host.kill('SIGTERM');
    expect((await host.stopped).code).toBe(0);
  });
});
