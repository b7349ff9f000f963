import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Conflict, NotFound } from '../../src/platform/index.js';
import type { MessageClass } from '../../src/platform/messaging/define.js';
import type { Expectation, PactStates } from '../../src/platform/testing/index.js';
import { EXPECTATIONS, scenario } from '../../src/platform/testing/index.js';
import type { Pact } from '../../src/tools/pacts/pact.js';
import { pactsOf } from '../../src/tools/pacts/pact.js';
import { verify } from '../../src/tools/pacts/verify.js';
import type { Break } from './till.js';
import { DeskModule, NEEDED, Settle, Settled, statesOf, till, tillOf } from './till.js';

const classes = new Map(Object.values(till).map((type) => [type.definition.name, type as MessageClass]));
const known = (_: string, name: string) => {
  const type = classes.get(name);
  return type && { type, needed: NEEDED[name] };
};

/** What a spec of the desk says of the till, as it would be written without a thought of pacts. */
async function specOfDesk(): Promise<void> {
  const scene = await scenario(DeskModule, { neighbours: [till] });
  try {
    scene.answer(till.FindBill, ({ billId }) => ({ billId, note: randomUUID(), amount: 7, status: 'open' }));
    scene.answer(till.PayBill, () => ({ receipt: randomUUID() }));
    const billId = randomUUID();
    await scene.execute(new Settle({ billId }));
    await scene.received(till.PayBill, { billId });
    await scene.publish(new till.BillPaid({ billId, status: 'paid', by: randomUUID() }));
    await scene.published(Settled, { billId });
    scene.answer(till.FindBill, ({ billId: id }) => {
      throw new NotFound('bill_not_found', 'No.', { billId: id });
    });
    await expect(scene.execute(new Settle({ billId: randomUUID() }))).rejects.toMatchObject({ code: 'no_such_bill' });
    scene.answer(till.FindBill, ({ billId: id }) => ({ billId: id, note: 'n', amount: 7, status: 'paid' }));
    scene.answer(till.PayBill, () => {
      throw new Conflict('paid_before', 'No.', {});
    });
    const paid = randomUUID();
    await scene.execute(new Settle({ billId: paid }));
    await scene.received(till.PayBill, { billId: paid });
    await scene.until(async () => scene.allReceived(till.PayBill).length === 2, 'both');
  } finally {
    await scene.close();
  }
}

async function recorded(spec: () => Promise<void>): Promise<Pact[]> {
  const folder = await mkdtemp(join(tmpdir(), 'expectations-'));
  process.env[EXPECTATIONS] = folder;
  try {
    await spec();
    const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
    return pactsOf(
      files.flatMap((text) => JSON.parse(text) as Expectation[]),
      known,
    );
  } finally {
    delete process.env[EXPECTATIONS];
    await rm(folder, { recursive: true });
  }
}

describe('pacts', () => {
  let pacts: Pact[];
  beforeAll(async () => void (pacts = await recorded(specOfDesk)));
  const met = async (wrong?: Break, states: PactStates = statesOf(wrong)) =>
    (await verify({ module: tillOf(wrong), neighbours: [DeskModule], states }, pacts)).flat().join('\n');

  it('are what a spec scripts: HTTP and messages apart, with nothing that is not needed', () => {
    const of = ({ provider, interactions }: Pact) =>
      interactions.map(({ providerStates }) => `${provider.name}: ${providerStates[0]!.name}`);
    expect(pacts.flatMap(of)).toEqual([
      'till: till.find-bill.v1 answers',
      'till: till.find-bill.v1 answers',
      'till: till.find-bill.v1 refuses: bill_not_found',
      'till-messages: till.bill-paid.v1 is published',
      'till-messages: till.pay-bill.v1 answers',
      'till-messages: till.pay-bill.v1 refuses: paid_before',
    ]);
    expect(pacts[0]!.interactions.map(({ response }) => response!.body.content)).toEqual([
      { ok: true, result: { amount: 7, status: 'open' } },
      { ok: true, result: { amount: 7, status: 'paid' } },
      { ok: false, error: { code: 'bill_not_found' } },
    ]);
    expect(pacts[1]!.interactions[0]!.contents!.content).toEqual({ billId: expect.any(String), status: 'paid' });
    expect(JSON.stringify(pacts)).not.toMatch(/signature|traceparent|remainingMs|receipt|"note"/);
  });

  it('are the same after another run', async () => {
    expect(await recorded(specOfDesk)).toEqual(pacts);
  });

  it('are met by the module that they are of', async () => {
    expect(await met()).toBe('');
  });

  it.each([
    ['field removed', /till\.find-bill\.v1[\s\S]*\$\.result[\s\S]*amount/],
    ['type narrowed', /till\.find-bill\.v1[\s\S]*\$\.result\.amount[\s\S]*integer/],
    ['error renamed', /till\.find-bill\.v1[\s\S]*\$\.error\.code[\s\S]*'bill_not_found'/],
    ['event not published', /till\.bill-paid\.v1[\s\S]*till publishing till\.bill-paid\.v1 did not happen within/],
    ['state machine', /till\.pay-bill\.v1\.reply[\s\S]*\$\.ok/],
  ] as const)('catch a till with its %s', async (wrong, message) => {
    expect(await met(wrong)).toMatch(message);
  });

  it('fail where there is no such state, and where it cannot be set up', async () => {
    const { 'till.pay-bill.v1 answers': _, ...states } = statesOf();
    const broken = () => Promise.reject(new Error('the table is locked'));
    const said = await met(undefined, { ...states, 'till.find-bill.v1 answers': broken });
    expect(said).toContain('There is no state "till.pay-bill.v1 answers": write it in modules/till/pact-states.ts.');
    expect(said).toContain('The state "till.find-bill.v1 answers" could not be set up: the table is locked');
  });

  it.each([
    [
      'a result',
      () => ({ billId: 'no uuid' }),
      /answers till\.find-bill\.v1 with something that the contract does not/,
    ],
    [
      'an error',
      () => Promise.reject(new Conflict('torn', 'x')),
      /with the error torn that the contract does not have/,
    ],
  ])(
    'do not hold %s that the contract refuses: the spec fails, whatever the module makes of it',
    async (_, script, why) => {
      const scene = await scenario(DeskModule, { neighbours: [till] });
      scene.answer(till.FindBill, script);
      await expect(scene.execute(new Settle({ billId: randomUUID() }))).rejects.toMatchObject({ code: 'no_such_bill' });
      await expect(scene.close()).rejects.toThrow(why);
    },
  );
});
