import { mintDevelopmentToken } from '../platform/http/auth/auth.js';
import { ROLES } from '../platform/http/auth/roles.js';
import { fail, oneOf, program, readArguments } from './lib/cli.js';

const HELP = `
npm run token -- --sub NAME --role ${ROLES.join('|')} [--ttl 12h]

Prints a bearer token that the application accepts in development. It is signed with the key in DATA_DIR (default .data).

  --sub NAME    whose token it is
  --role ROLE   ${ROLES.join(' or ')}
  --ttl TIME    how long it lives: a number and s, m, h or d (default 12h)
  --help        prints this
`;

const FLAGS = { sub: { type: 'string' }, role: { type: 'string' }, ttl: { type: 'string', default: '12h' } } as const;

/**
 * The token that the arguments ask for.
 *
 * @param env `DATA_DIR`
 * @throws UsageError when the arguments are wrong
 */
export async function token(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { flags } = readArguments(args, FLAGS);
  const role = oneOf('--role', flags.role, ROLES);
  const sub = flags.sub ?? fail('--sub has to name whose token it is. See --help.');
  if (!/^[^\p{Cc}\p{Cs}]{1,200}$/u.test(sub)) fail('--sub has to have 1 to 200 characters. See --help.');
  if (!/^[1-9]\d{0,6}[smhd]$/.test(flags.ttl))
    fail(`--ttl has to be a number and s, m, h or d, not "${flags.ttl}". See --help.`);
  return mintDevelopmentToken(env.DATA_DIR || '.data', { sub, role, ttl: flags.ttl });
}

await program(import.meta.url, HELP, async (args) => {
  process.stdout.write(`${await token(args, process.env)}\n`);
});
