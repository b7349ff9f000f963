import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandBus } from '@nestjs/cqrs';
import { childContext, runInScope } from '../../src/platform/messaging/context/context.js';
import { Deliveries } from '../../src/platform/operations/deliveries.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { freePorts } from '../../src/tools/rehearse/split.js';
import { hearingParts, hearsWhatWasPassed } from '../support/hearing-parts.js';
import type { TestPart } from '../support/parts.js';
import { startPart } from '../support/parts.js';
import { afterwards } from '../support/stage.js';
import type { Version } from '../support/versions.js';
import { SendLater, version } from '../support/versions.js';

const [older, newer] = [version(false), version(true)];
let database: TestDatabase;
let urls: { ledger: string; desk: string };
let ports: number[];
beforeAll(async () => {
  [database, ports] = await Promise.all([testDatabase(newer.modules), freePorts(2)]);
  afterwards(() => database.drop());
  urls = { ledger: `http://127.0.0.1:${ports[0]}`, desk: `http://127.0.0.1:${ports[1]}` };
}, 60_000);

const running = new Set<TestPart>();
afterEach(async () => {
  for (const part of running) await stop(part);
});

async function start(which: 0 | 1, { modules }: Version): Promise<TestPart> {
  const here = {
    database,
    modules,
    here: modules[which],
    port: ports[which]!,
    urls,
    events: { kind: 'feed' } as const,
  };
  const part = await startPart(here);
  running.add(part);
  return part;
}
const [startLedger, startDesk] = [(of: Version) => start(0, of), (of: Version) => start(1, of)];

async function stop(part: TestPart): Promise<void> {
  running.delete(part);
  await part.stop();
}

const ask = <T>(part: TestPart, message: object): Promise<T> =>
  runInScope(childContext('test', 'test'), undefined, () =>
    part.app.get(CommandBus, { strict: false }).execute(message as never),
  );
const sendLater = (desk: TestPart, account: string, what: 'post' | 'close') =>
  ask(desk, new SendLater({ account, what }));
const journal = async (desk: TestPart, account: string) =>
  (
    await desk.runtime
      .database('desk')
      .sql<{ event: object }>('SELECT event FROM journal WHERE account = $1', [account])
  ).map(({ event }) => event);

describe.each([
  ['an older desk and a newer ledger', older, newer, { balance: 7 }, { note: undefined }],
  ['a newer desk and an older ledger', newer, older, { balance: 7 }, { note: undefined }],
  ['a newer desk and a newer ledger', newer, newer, { balance: 7, entries: 1 }, { note: 'hello' }],
])('%s', (name, deskVersion, ledgerVersion, result, told) => {
  it('ask and answer, each by its own contract, and hear of it', async () => {
    const [desk] = [await startDesk(deskVersion), await startLedger(ledgerVersion)];
    const account = `asked by ${name}`;
    const entry = { account, amount: 7, note: 'hello' };
    expect(await ask(desk, new deskVersion.PostEntry(entry))).toEqual(result);
    const heard = await eventually(async () => (await journal(desk, account))[0], 'the event');
    expect({ note: undefined, ...heard }).toEqual({ account, amount: 7, ...told });
  });

  it('send what arrives later', async () => {
    const [desk] = [await startDesk(deskVersion), await startLedger(ledgerVersion)];
    const account = `sent by ${name}`;
    await sendLater(desk, account, 'post');
    expect(await eventually(async () => (await journal(desk, account))[0], 'the event')).toMatchObject({ amount: 5 });
  });
});

describe('a command that only the newer version of its receiver knows', () => {
  it('is refused by name when it is asked', async () => {
    const [desk] = [await startDesk(newer), await startLedger(older)];
    await expect(ask(desk, new newer.CloseAccount({ account: 'a' }))).rejects.toMatchObject({
      reason: 'fault',
      message: 'ledger does not know ledger.close-account.v1: the version that runs there is another one.',
    });
  });

  it('waits when it is sent, is shown with the reason, and is carried out by the newer version', async () => {
    const [desk, ledger] = [await startDesk(newer), await startLedger(older)];
    const account = 'closed later';
    await sendLater(desk, account, 'post');
    await eventually(async () => (await journal(desk, account)).length === 1, 'the entry');
    await sendLater(desk, account, 'close');
    const why = async () => {
      const { items } = await new Deliveries(ledger.runtime).list(100);
      return items.find(({ key }) => key === `desk/${account}`);
    };
    const waits = { attempts: 0, lastError: null, waitsFor: 'a version that knows ledger.close-account.v1' };
    expect(await eventually(why, 'the command waiting')).toMatchObject(waits);
    await stop(ledger);
    const replaced = await startLedger(newer);
    const left = () => replaced.runtime.database('ledger').sql('SELECT 1 FROM entry WHERE account = $1', [account]);
    await eventually(async () => (await left()).length === 0, 'the account being closed', 60_000);
  }, 90_000);
});

describe('a subscription that gains a type and is renamed, of a producer in another process', () => {
  it('hears over the feed what its older version has passed, once', async () => {
    const parts = await hearingParts(() => ({ kind: 'feed' }));
    for (const part of await hearsWhatWasPassed(parts)) await part.stop();
  });
});
