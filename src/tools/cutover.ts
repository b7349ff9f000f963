import { fail, oneOf, program, readArguments } from './lib/cli.js';

const STEPS = ['plan', 'prepare', 'status', 'switch', 'back', 'finish', 'abort'] as const;

const METHODS = ['logical', 'copy'] as const;

const HELP = `
npm run cutover -- MODULE plan|prepare|status|switch|back|finish|abort --to ADMIN_URL [--method copy] [--json]

Moves a module's schema to another database or server while the application runs, by logical replication.

  plan      what would move, and everything that would stop it; changes nothing
  prepare   makes role, schema and tables at the target, and copies; the source is in charge
  status    where it is: what is still copied, the lag, replication slots
  switch    the target takes over: writes are held meanwhile, then both sides are compared
  back      the source takes over again, with what the target has written
  finish    takes the links away; the former schema stays, under another name
  abort     before the switch: takes everything away

  --method copy   for plan and prepare: where logical replication is not to be had. switch and back copy everything
                  while the module takes no writes; plan says for how long
  --json          the result for programs

Each step may be repeated, and goes on where it was. --to has no password: that is in CUTOVER_ADMIN_PASSWORD, or in the file
that CUTOVER_ADMIN_PASSWORD_FILE names. <MODULE>_DATABASE_URL has to be the list of both: the module's login at the source and
at the target, and so have the processes. The source's administrator is that of "npm run db".
`;

await program(import.meta.url, HELP, async (args) => {
  const { flags, words } = readArguments(
    args,
    { to: { type: 'string' }, method: { type: 'string' }, json: { type: 'boolean' } },
    true,
  );
  const step = oneOf('The step', words[1], STEPS);
  if (!flags.to) fail('--to is missing: the administrator of the target, without a password. See --help.');
  const method = oneOf('--method', flags.method ?? 'logical', METHODS);
  const { withCutover } = await import('./cutover/open.js');
  const result = await withCutover(words[0], flags.to, method, (cutover): Promise<string | object> => cutover[step]());
  process.stdout.write(`${flags.json ? JSON.stringify({ step, result }) : said(result)}\n`);
  if (typeof result === 'object' && 'problems' in result && (result.problems as string[]).length > 0)
    process.exitCode = 1;
});

/** A line for each thing that is known. */
function said(result: string | object): string {
  if (typeof result === 'string') return result;
  const lines = Object.entries(result).map(
    ([name, value]) => `${name}: ${Array.isArray(value) ? value.join('\n  ') || 'none' : value}`,
  );
  return lines.join('\n');
}
