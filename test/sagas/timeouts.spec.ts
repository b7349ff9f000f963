import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { Saga } from '../../src/platform/index.js';
import { takeDecision } from '../../src/platform/sagas/instance.js';
import { DEFAULT_RETRY } from '../../src/platform/delivery/consumer/consumer.js';
import { Deliveries } from '../../src/platform/operations/deliveries.js';
import { Sagas } from '../../src/platform/operations/sagas.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { Billed, dunning, newerDunning, Noted, reminded } from '../support/dunning.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

interface Row {
  state: { step: string; heard: string[]; reminders?: number };
  timeout_name: string | null;
  armed: boolean;
  timeout_attempts: number;
}

let data: TestDatabase;
let replica: Replica;
beforeAll(async () => {
  data = await testDatabase(dunning);
  replica = await startReplica(data, dunning);
}, 60_000);
afterAll(async () => {
  await replica.stop();
  await data.drop();
});

const sql = <T extends object>(text: string, ...values: unknown[]) => replica.sql<T>('shop', text, values);
const rowOf = async (id: string) =>
  (await sql<Row>('SELECT *, timeout_at IS NOT NULL AS armed FROM saga WHERE id = $1', id))[0];
const until = (id: string, look: (row: Row) => boolean, what: string) =>
  eventually(async () => {
    const row = await rowOf(id);
    return row && look(row) && row;
  }, what);
const reaches = (id: string, step: string) => until(id, ({ state }) => state.step === step, `${id} being ${step}`);
const makeDue = (id: string) => sql(`UPDATE saga SET timeout_at = now() WHERE id = $1`, id);
const other = async (modules: typeof dunning) => {
  await replica.stop();
  replica = await startReplica(data, modules);
};
const sagas = () => new Sagas(replica.runtime);

describe('a timeout that fails', () => {
  /** Nine letters and an emoji: the first ten characters end in its middle. */
  const HALF = 'Greetings\u{1F600}!';

  it.each([
    ['while it is decided on', 'cut', /bank\.remind\.v1: .*half of a character.*→ at text/s],
    ['at the commit', 'refused', /no commit today/],
  ])('%s is a dead letter in the end, holds up no other, and can be retried', async (_, id, reason) => {
    if (id === 'refused') await refuseCommits(id);
    await replica.publish(new Billed({ id, note: id === 'cut' ? HALF : 'x', afterMs: 1 }));
    await until(id, ({ timeout_attempts: attempts }) => attempts > 0, 'a failed attempt');
    await replica.publish(new Billed({ id: `${id}-other`, note: 'after', afterMs: 1 }));
    await reaches(`${id}-other`, 'reminded');
    await sql(
      `UPDATE saga SET timeout_attempts = $2, timeout_at = now() WHERE id = $1`,
      id,
      DEFAULT_RETRY.attempts - 1,
    );
    await until(id, ({ armed }) => !armed, 'the dead letter');
    const [shown] = await sagas().show(id);
    expect(shown).toMatchObject({ stuck: true, timeout: { name: 'due', at: null, attempts: DEFAULT_RETRY.attempts } });
    expect(shown!.waitsFor.join()).toMatch(/^timeout due: dead letter, failed 20 times: /);
    expect(shown!.timeout!.error).toMatch(reason);
    await mend(id);
    expect(await sagas().retryTimeout(id, { by: 'spec', reason: 'a test' })).toBe(1);
    expect(await reaches(id, 'reminded')).toMatchObject({ timeout_name: null, timeout_attempts: 0 });
    await expect(sagas().retryTimeout(id, { by: 'spec', reason: 'a test' })).rejects.toMatchObject({
      code: 'no_failed_timeout',
    });
  });

  it('is not retried where there is none', async () => {
    await expect(sagas().retryTimeout('nobody', { by: 'spec', reason: 'a test' })).rejects.toMatchObject({
      code: 'unknown_saga',
    });
    expect(await sagas().retryAllTimeouts({ by: 'spec', reason: 'a test' })).toBe(0);
  });

  /** What fails no sooner than the transaction ends. */
  const refuseCommits = (id: string) =>
    sql(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.id = '${id}' AND NEW.state->>'step' = 'reminded' THEN RAISE 'no commit today'; END IF; RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON saga DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION refuse();`);
  const mend = (id: string) =>
    id === 'refused'
      ? sql('DROP TRIGGER refuse ON saga')
      : sql(`UPDATE saga SET state = jsonb_set(state, '{note}', '"short"') WHERE id = $1`, id);
});

describe('a timeout', () => {
  it('is counted from the decision, not from the beginning of a long batch', async () => {
    const ids = ['slow-1', 'slow-2', 'slow-3'];
    await replica.publish(...ids.map((id) => new Billed({ id, afterMs: 100_000, slowMs: 300 })));
    await reaches('slow-3', 'open');
    const early = await sql(`SELECT id FROM saga WHERE id LIKE 'slow-%'
                                AND timeout_at < (timeline->0->>'at')::timestamptz + interval '99990 ms'`);
    expect(early).toEqual([]);
  });

  it('may be due at a moment, and every decision is told when what it is about has happened', async () => {
    const dueAt = new Date(Date.now() + 86_400_000).toISOString();
    const asking = { note: 'what time is it', dueAt };
    await replica.publish(new Billed({ id: 'dated', ...asking }));
    const begun = await reaches('dated', 'open');
    const [{ stored, armed }] = (await sql(
      `SELECT outbox.created_at AS stored, saga.timeout_at AS armed FROM outbox, saga WHERE saga.id = 'dated' AND aggregateid = 'dated'`,
    )) as [{ stored: Date; armed: Date }];
    expect(armed.toISOString()).toBe(dueAt);
    expect(begun.state.heard).toEqual([stored.toISOString()]);
    await makeDue('dated');
    const reminded = await reaches('dated', 'reminded');
    expect(Date.parse(reminded.state.heard[0]!)).toBeGreaterThan(stored.getTime());
  });

  it('a timeout for no time is refused', () => {
    const saga = new (class extends Saga<{ step: string }> {
      constructor() {
        super('shop.timeless', z.object({ step: z.string() }));
        this.onTimeout('due', () => ({}));
      }
    })();
    const instance = { state: { step: 'open' }, steps: [], status: 'running' as const, ended: false };
    for (const when of [{ at: new Date('no time') }, { afterMs: Number.NaN }, {} as never])
      expect(() => takeDecision(saga as never, instance, { timeout: { name: 'due', ...when } })).toThrow(
        /LIFTOUT_SAGA_TIMEOUT_INVALID|shop.timeless arms the timeout due for no time: give it afterMs, in milliseconds, or at, a Date\./,
      );
  });
});

describe('an instance that another version has stored', () => {
  it('gets the defaults of new fields, and keeps fields that an old version does not know', async () => {
    await replica.publish(new Billed({ id: 'old', note: 'x' }));
    await reaches('old', 'open');
    await other(newerDunning);
    await makeDue('old');
    expect((await reaches('old', 'reminded')).state.reminders).toBe(1);
    await other(dunning);
    await replica.publish(new Noted({ page: 'p1', id: 'old' }));
    const row = await until('old', ({ state }) => state.heard.length === 1, 'the event');
    expect(row.state.reminders).toBe(1);
  });

  it('keeps a timeout that this version does not know, for one that does', async () => {
    await other(newerDunning);
    await replica.publish(new Billed({ id: 'again', afterMs: 1 }));
    await until('again', ({ timeout_name: name }) => name === 'due-again', 'the newer timeout');
    await other(dunning);
    await sql(`UPDATE saga SET timeout_at = now() - interval '2 minutes' WHERE id = 'again'`);
    await replica.publish(new Billed({ id: 'beside', note: 'beside', afterMs: 1 }));
    await reaches('beside', 'reminded');
    expect(await rowOf('again')).toMatchObject({ timeout_name: 'due-again', armed: true, timeout_attempts: 0 });
    const listed = (await sagas().list(100)).find(({ id }) => id === 'again');
    expect(listed).toMatchObject({ stuck: true });
    expect(listed!.waitsFor[0]).toMatch(/^timeout due-again at .*Z, overdue, not known to this version$/);
    await other(newerDunning);
    expect((await until('again', ({ armed }) => !armed, 'the timeout')).state.reminders).toBe(2);
    await other(dunning);
  });

  it('fails its messages and timeouts with a clear error while its state cannot be read', async () => {
    await replica.publish(new Billed({ id: 'odd', note: 'odd' }));
    await reaches('odd', 'open');
    await sql(
      `UPDATE saga SET state = jsonb_set(state, '{step}', '"unheard-of"'), timeout_at = now() WHERE id = 'odd'`,
    );
    await replica.publish(new Noted({ page: 'p2', id: 'odd' }));
    const failed = await eventually(
      async () => (await new Deliveries(replica.runtime).list(10)).items.find(({ key }) => key === 'shop/p2'),
      'the failure',
    );
    const reason = /The stored state of shop\.dunning odd does not fit its schema: .*→ at step/s;
    expect(failed.lastError).toMatch(reason);
    await until('odd', ({ timeout_attempts: attempts }) => attempts > 0, 'the failed timeout');
    expect((await sagas().show('odd'))[0]!.timeout!.error).toMatch(reason);
    await sql(`UPDATE saga SET state = jsonb_set(state, '{step}', '"open"') WHERE id = 'odd'`);
    await new Deliveries(replica.runtime).retry(failed.id, { by: 'spec', reason: 'a test' });
    await sagas().retryAllTimeouts({ by: 'spec', reason: 'a test' });
    await until('odd', ({ state }) => state.heard.includes('p2') && state.step === 'reminded', 'both');
    await eventually(() => reminded.includes('odd'), 'the reminder');
  });
});
