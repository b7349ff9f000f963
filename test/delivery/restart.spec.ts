import { beforeAll, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { CountingModule, RaiseLater } from '../support/counting.js';
import { startReplica } from '../support/replica.js';
import { afterwards } from '../support/stage.js';

describe('a process that starts again', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase([CountingModule]);
    afterwards(() => database.drop());
  }, 60_000);

  it('handles durable commands of its own module, once it is noted which ones it knows', async () => {
    const first = await startReplica(database, [CountingModule]);
    const noted = () => first.sql('counting', `SELECT FROM consumer_type WHERE consumer = 'counting.commands'`);
    await eventually(async () => (await noted()).length > 0, 'the commands being noted');
    await first.stop();
    const second = await startReplica(database, [CountingModule]);
    await second.execute(new RaiseLater({ counter: 'again', times: 3 }));
    const heard = () => second.sql('counting', `SELECT value FROM heard WHERE counter = 'again'`);
    await eventually(async () => (await heard()).length === 3, 'the commands being handled');
    expect(await heard()).toHaveLength(3);
    await second.stop();
  }, 30_000);
});
