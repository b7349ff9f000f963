import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { transformFile } from '@swc/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../../src/platform/testing/index.js';
import { ProviderLedger } from './provider-ledger.js';
import { SimulatedProvider } from './simulated-provider.js';

const SOURCE = dirname(fileURLToPath(import.meta.url));
const patient = new AbortController().signal;

/** Charges, or refunds, keys 0, 1, 2, … and says what came of each. */
const CALLER = `
import { ProviderLedger } from './provider-ledger.js';
import { SimulatedProvider } from './simulated-provider.js';
const [folder, paymentToken, amount, count] = process.argv.slice(2);
const provider = new SimulatedProvider(new ProviderLedger(folder), { slowMs: 1000, silentMs: 1 });
const signal = new AbortController().signal;
for (let n = 0; n < Number(count); n++) {
  const request = { key: 'key-' + n, orderId: 'order-' + n, amount: Number(amount), currency: 'EUR', paymentToken };
  const outcome = await provider.charge(request, signal).catch((error) => error.message);
  if (outcome === 'approved' && n % 2) await provider.refund(request.key, signal);
  process.stdout.write(n + ' ' + outcome + '\\n');
}
`;

describe('the simulated provider, between processes', () => {
  let base: string;
  let folder: string;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'provider-'));
    for (const file of ['payment-provider', 'provider-ledger', 'simulated-provider']) {
      const jsc = { parser: { syntax: 'typescript' }, target: 'es2022' } as const;
      const { code } = await transformFile(join(SOURCE, `${file}.ts`), { jsc, module: { type: 'es6' } });
      await writeFile(join(base, `${file}.js`), code);
    }
    await writeFile(join(base, 'package.json'), '{ "type": "module" }');
    await writeFile(join(base, 'caller.js'), CALLER);
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await rm(base, { recursive: true });
  });

  const freshFolder = async () => (folder = await mkdtemp(join(base, 'ledger-')));
  const charges = () => new ProviderLedger(folder).charges();
  const here = () => new SimulatedProvider(new ProviderLedger(folder), { slowMs: 1, silentMs: 1 });

  function caller(
    token: string,
    amount: number,
    count: number,
  ): { child: ChildProcess; said: string[]; ended: Promise<unknown> } {
    const args = [join(base, 'caller.js'), folder, token, String(amount), String(count)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const said: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
    return { child, said, ended: once(child, 'close') };
  }

  it('charges each key once when two processes race for it', async () => {
    await freshFolder();
    const callers = [1, 2].map((amount) => caller('tok_approve', amount, 60));
    await Promise.all(callers.map(({ ended }) => ended));
    for (const { said } of callers) expect(said).toHaveLength(60);
    const entered = await charges();
    expect(entered).toHaveLength(60);
    expect(new Set(entered.map(({ key }) => key)).size).toBe(60);
    const refunds = entered.filter(({ refundedAmount }) => refundedAmount > 0);
    expect(refunds).toHaveLength(30);
    for (const { amount, refundedAmount } of refunds) expect(refundedAmount).toBe(amount);
  });

  it('has what it said, and nothing half written, after any kill -9', async () => {
    await freshFolder();
    let told = 0;
    for (let killed = 0; killed < 8; killed++) {
      const { child, said, ended } = caller('tok_approve', 7, 1_000_000);
      await eventually(() => said.length > told + killed);
      child.kill('SIGKILL');
      await ended;
      told = said.length;
      const entered = await charges();
      expect(entered.length).toBeGreaterThanOrEqual(told);
      for (const { amount, currency, refundedAmount } of entered) {
        expect({ amount, currency, refundable: [0, 7].includes(refundedAmount) }).toEqual({
          amount: 7,
          currency: 'EUR',
          refundable: true,
        });
      }
    }
  });

  it('approves tok_slow in time, although the process that took the call was killed', async () => {
    await freshFolder();
    const { child, ended } = caller('tok_slow', 7, 1);
    await eventually(async () => (await here().find('key-0', patient))?.status === 'pending');
    child.kill('SIGKILL');
    await ended;
    expect(await here().find('key-0', patient)).toMatchObject({ status: 'pending' });
    await eventually(async () => (await here().find('key-0', patient))?.status === 'approved');
  });

  it('counts the calls of tok_flaky over restarts', async () => {
    await freshFolder();
    const outcomes: string[] = [];
    for (let start = 0; start < 3; start++) {
      const { said, ended } = caller('tok_flaky', 7, 1);
      await ended;
      outcomes.push(...said);
    }
    expect(outcomes).toEqual(['0 503 Service Unavailable', '0 503 Service Unavailable', '0 approved']);
  });
});
