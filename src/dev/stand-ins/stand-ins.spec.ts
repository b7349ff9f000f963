import { describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { BoundedContext, defineCommand, defineQuery } from '../../platform/index.js';
import { contextOptions, livesHere, LivesElsewhere } from '../../platform/bounded-context.js';
import type { Pact } from '../../tools/pacts/pact.js';
import { pactsOf } from '../../tools/pacts/pact.js';
import { answer } from './answers.js';
import { withStandIns } from './stand-ins.js';

const Id = z.object({ billId: z.uuid() });
const result = Id.extend({ note: z.string(), lines: z.array(z.object({ sku: z.string(), price: z.int() })) });
class FindBill extends defineQuery('till.find-bill.v1', {
  payload: Id,
  result,
  errors: { no_bill: z.object({ why: z.string() }) },
}) {}
class CloseTill extends defineCommand('till.close-till.v1', { payload: z.object({}) }) {}

@LivesElsewhere({ name: 'till', contracts: { FindBill, CloseTill }, routes: [] })
class TillModule {}
@BoundedContext({ name: 'desk', contracts: {}, providers: [] })
class DeskModule {}

const [known, gone, other] = [1, 2, 3].map((n) => `0000000${n}-0000-4000-8000-000000000000`) as [
  string,
  string,
  string,
];
const outcome = { billId: known, note: 'n', lines: [{ sku: 'cup', price: 7 }] };
const refusal = { kind: 'not_found', code: 'no_bill', message: 'No.', details: { why: 'w' } } as const;
const pacts: Pact[] = pactsOf(
  [
    {
      consumer: 'desk',
      how: 'asked',
      type: 'till.find-bill.v1',
      payload: { billId: known },
      outcome: { ok: true, result: outcome },
    },
    {
      consumer: 'desk',
      how: 'asked',
      type: 'till.find-bill.v1',
      payload: { billId: gone },
      outcome: { ok: false, error: refusal },
    },
  ],
  () => ({ type: FindBill, needed: ['result.billId', 'result.lines.sku', 'errors'] }),
);

function repository(...files: readonly Pact[]): string {
  const root = mkdtempSync(join(tmpdir(), 'stand-ins-'));
  const folder = join(root, 'contracts/pacts');
  mkdirSync(folder, { recursive: true });
  for (const pact of files)
    writeFileSync(join(folder, `${pact.consumer.name}-${pact.provider.name}.json`), JSON.stringify(pact));
  return root;
}

describe('a stand-in', () => {
  it('answers what was recorded, for the question that it is asked, and makes up what nobody needs', () => {
    const said = answer(FindBill.definition, new FindBill({ billId: other }), pacts);
    expect(said).toEqual({
      billId: other,
      note: expect.any(String),
      lines: [{ sku: 'cup', price: expect.any(Number) }],
    });
    expect(result.safeParse(said).success).toBe(true);
  });

  it('refuses what was refused', () => {
    const recorded = pacts[0]!.interactions.at(-1)!.providerStates[0]!.params['payload'] as { billId: string };
    const refused = () => answer(FindBill.definition, new FindBill(recorded), pacts);
    expect(refused).toThrow(expect.objectContaining({ code: 'no_bill', details: { why: expect.any(String) } }));
  });

  it('says that nothing was recorded', () => {
    expect(() => answer(CloseTill.definition, new CloseTill({}), pacts)).toThrow(
      'No pact says how till.close-till.v1 is answered: a spec of its consumer has to script it.',
    );
  });

  it('takes the place of a module that lives elsewhere, and of no other', () => {
    const [desk, till] = withStandIns([DeskModule, TillModule], ' till', repository(...pacts), false);
    expect(desk).toBe(DeskModule);
    expect(livesHere(till)).toBe(true);
    expect(contextOptions(till)).toMatchObject({ name: 'till', contracts: { FindBill, CloseTill } });
  });

  it.each([
    ['production', 'till', true, 'STAND_INS: not in production'],
    ['a module that lives here', 'desk', false, 'no module "desk" lives in another repository; expected some of till'],
    ['no such module', 'tell', false, 'no module "tell" lives in another repository'],
  ])('is refused for %s', (_, wanted, production, message) => {
    expect(() => withStandIns([DeskModule, TillModule], wanted, repository(...pacts), production)).toThrow(message);
  });

  it('is refused for a module that no pact is for', () => {
    expect(() => withStandIns([TillModule], 'till', repository(), false)).toThrow(
      'no pact in contracts/pacts is for till',
    );
  });
});
