import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { startHost } from '../support/host-process.js';
import { Shop } from '../support/shop.js';
import { loginAt, otherServer, ownEnv } from '../support/stage.js';
import { blocksOf } from './page.js';

/** Runs a block as a person would. */
async function ran(script: string, env: NodeJS.ProcessEnv): Promise<string> {
  const shell = spawn('bash', ['-ec', script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise((ended) => shell.once('close', ended));
  return `${output}\nexit ${String(code)}`;
}

describe('the chapter on moving the data of a module', () => {
  it('has commands that run, while the application takes orders, with the output that it promises', async () => {
    const blocks = blocksOf(await readFile('docs/guides/extract-a-module.md', 'utf8')).filter(
      ({ mark }) => mark === 'cutover',
    );
    expect(blocks).toHaveLength(4);
    const [own, target] = [await ownEnv(), new URL(await otherServer())];
    const logins = [own.DATABASE_URL, target.href].map((admin) => loginAt(admin, 'payments'));
    const app = { ...own, PAYMENTS_DATABASE_URL: logins.join(' ') };
    const host = await startHost(app);
    const shop = new Shop(host.url, own.DATA_DIR);
    const [staff, customer] = [await shop.staff(), await shop.customer()];
    const sku = await staff.stocked(100, 500);
    const CUTOVER_ADMIN_PASSWORD = decodeURIComponent(target.password);
    target.password = '';
    const { PATH, HOME, TMPDIR } = process.env;
    for (const { script, expected } of blocks) {
      const output = await ran(script, { PATH, HOME, TMPDIR, ...app, TARGET: target.href, CUTOVER_ADMIN_PASSWORD });
      for (const words of [...expected, 'exit 0']) expect(output).toContain(words);
      expect(output).not.toContain(CUTOVER_ADMIN_PASSWORD);
      const { status } = await customer.place([{ sku, quantity: 1 }], 'tok_approve');
      expect(status).toBeLessThan(300);
    }
  }, 400_000);
});
