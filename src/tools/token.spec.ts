import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVerifier } from '../platform/http/auth/auth.js';
import { UsageError } from './lib/cli.js';
import { token } from './token.js';
import { ROLES } from '../platform/http/auth/roles.js';
import { OPERATOR, OUTSIDER } from '../platform/testing/roles.js';

describe('npm run token', () => {
  let DATA_DIR: string;
  beforeAll(async () => void (DATA_DIR = await mkdtemp(join(tmpdir(), 'token-'))));
  afterAll(() => rm(DATA_DIR, { recursive: true }));

  it('makes a token that the application accepts', async () => {
    const made = await token(['--sub', 'alice', `--role=${OUTSIDER}`, '--ttl', '30m'], { DATA_DIR });
    const { actor, expiresAt } = await createVerifier({ dataDir: DATA_DIR })(made);
    expect(actor).toEqual({ sub: 'alice', role: OUTSIDER });
    expect(Math.abs(expiresAt - Date.now() - 30 * 60_000)).toBeLessThan(10_000);
  });

  it.each([
    [['--sub', 'alice'], `--role has to be ${ROLES.join(' or ')}. See --help.`],
    [
      ['--sub', 'alice', '--role', 'no-such-role'],
      `--role has to be ${ROLES.join(' or ')}, not "no-such-role". See --help.`,
    ],
    [['--role', OPERATOR], '--sub has to name whose token it is. See --help.'],
    [['--sub', '', '--role', OPERATOR], '--sub has to have 1 to 200 characters. See --help.'],
    [
      ['--sub', 'alice', '--role', OPERATOR, '--ttl', 'soon'],
      '--ttl has to be a number and s, m, h or d, not "soon". See --help.',
    ],
    [['--sub', 'alice', '--role', OPERATOR, '--admin'], "Unknown option '--admin'. See --help."],
    [['--sub', '--role', OPERATOR], "Option '--sub' argument is ambiguous. See --help."],
    [['--role'], "Option '--role <value>' argument missing. See --help."],
    [['alice'], "Unexpected argument 'alice'. See --help."],
  ])('refuses %j in one line', async (args, message) => {
    await expect(token(args, { DATA_DIR })).rejects.toEqual(new UsageError(message));
  });
});
