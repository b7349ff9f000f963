import { beforeAll, expect, it, jest } from '@jest/globals';
import { CommandBus } from '@nestjs/cqrs';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import pg from 'pg';
import { childContext, runInScope } from '../../src/platform/messaging/context/context.js';
import { startNextPartition } from '../../src/platform/schema/outbox-partitions.js';
import type { TestDatabase } from '../../src/platform/testing/database.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import type { KafkaBroker } from '../../src/tools/rehearse/kafka-broker.js';
import { freePorts } from '../../src/tools/rehearse/split.js';
import { CountingModule, RaiseCounter, RaiseLater } from '../support/counting.js';
import { startKafka } from '../support/kafka-broker.js';
import type { KafkaRecord } from '../support/kafka-connect.js';
import { ConsoleConsumer, KafkaConnect } from '../support/kafka-connect.js';
import { needsKafka } from '../support/needs.js';
import type { TestPart } from '../support/parts.js';
import { startPart } from '../support/parts.js';
import { afterwards, otherServer } from '../support/stage.js';

const describe = needsKafka();
jest.setTimeout(120_000);

/** What the guide has the reader do for the module `letters`, for the one of the test. */
const PAGE = readFileSync('docs/guides/change-data-capture.md', 'utf8').replaceAll('letters', 'counting');
const blocks = (language: string) =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text]) => text!);
const [setUp, look] = blocks('sql') as [string, string];
const KEYS = ['red', 'green', 'blue', 'grey'];

interface Row {
  id: string;
  seq: string;
  aggregatetype: string;
  aggregateid: string;
  type: string;
  payload: object;
  headers: object;
  created_at: Date;
}

describe('Debezium, with the configuration of the guide', () => {
  let broker: KafkaBroker;
  let database: TestDatabase;
  let admin: pg.Client;
  let part: TestPart;
  let connect: KafkaConnect;
  let consumer: ConsoleConsumer;

  beforeAll(async () => {
    const [server, [port]] = await Promise.all([
      otherServer(),
      freePorts(1),
      startKafka().then((started) => (broker = started)),
    ]);
    database = await testDatabase([CountingModule], server);
    admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    afterwards(() => admin.end());
    const modules = [CountingModule];
    part = await startPart({
      database,
      modules,
      here: CountingModule,
      port: port!,
      urls: {},
      events: { kind: 'feed' },
    });
    afterwards(() => part.stop());
    consumer = await ConsoleConsumer.start(broker, 'outbox\\.event\\..*');
  }, 120_000);

  it('brings every message, in order per key, with what was there before and from each partition', async () => {
    await raise(40);
    await nextPartition();
    await raise(40);
    await admin.query(setUp);
    connect = await KafkaConnect.at(broker, connector());
    await connect.start();
    await raise(40);
    await nextPartition();
    await command(new RaiseLater({ counter: 'late', times: 5 }));
    await raise(40);
    const late = `SELECT FROM counting.outbox WHERE aggregatetype = 'counting' AND aggregateid = 'late'`;
    await eventually(async () => (await admin.query(late)).rowCount === 5, 'the commands being executed');
    expect((await admin.query('SELECT DISTINCT tableoid FROM counting.outbox')).rowCount).toBe(3);
    const records = await arrived();
    expect(records).toHaveLength(new Set(idsOf(records)).size);
    const topics = (await readdir(broker.data)).filter((name) => name.startsWith('outbox.'));
    expect(topics.sort()).toEqual(
      ['counting', 'counting.commands'].flatMap((stream) => [0, 1, 2].map((n) => `outbox.event.${stream}-${n}`)),
    );
  });

  it('loses none and mixes none up when Connect is killed, and begins again while there is traffic', async () => {
    let over = false;
    const raising = (async () => {
      while (!over) await raise(20);
    })();
    await eventually(() => consumer.records().length > 250, 'some being there');
    await connect.kill();
    await connect.start();
    await raise(20);
    over = true;
    await raising;
    const ids = idsOf(await arrived());
    expect(ids.length).toBeGreaterThan(new Set(ids).size);
  });

  it('brings none twice over an orderly restart; meanwhile its slot holds the log', async () => {
    const before = (await arrived()).length;
    const raising = raise(200);
    await eventually(() => consumer.records().length > before + 50, 'some being there');
    await connect.stop();
    await raising;
    const { restart_lsn: from, held } = await slot();
    await admin.query('SELECT pg_switch_wal()');
    await raise(48);
    await admin.query('CHECKPOINT');
    expect(await slot()).toMatchObject({ active: false, wal_status: 'reserved', restart_lsn: from });
    expect((await slot()).held).not.toBe(held);
    await connect.start();
    await raise(20);
    const ids = idsOf(await arrived());
    const fresh = ids.slice(before);
    expect(fresh).toHaveLength(268);
    const seen = new Set(ids.slice(0, before));
    expect(fresh.filter((id) => seen.has(id))).toEqual([]);
    expect(new Set(fresh).size).toBe(268);
  });

  /** The connector of the guide, at the servers of the test. */
  function connector(): { name: string; config: Record<string, string> } {
    const { name, config } = JSON.parse(blocks('json')[0]!) as ReturnType<typeof connector>;
    const { hostname, port, pathname } = new URL(database.adminUrl);
    const here = { 'database.hostname': hostname, 'database.port': port, 'database.dbname': pathname.slice(1) };
    expect(Object.keys(config)).toEqual(expect.arrayContaining(Object.keys(here)));
    return { name, config: { ...config, ...here } };
  }

  const command = (what: object) =>
    runInScope(childContext('test', 'counting'), undefined, () =>
      part.app.get(CommandBus, { strict: false }).execute(what as RaiseCounter),
    );

  /** Raises the counters so often in all, some at a time. */
  async function raise(times: number): Promise<void> {
    const some = 4;
    for (let n = 0; n < times; n += some)
      await Promise.all(
        Array.from({ length: some }, (_, k) => command(new RaiseCounter({ counter: KEYS[(n + k) % KEYS.length]! }))),
      );
  }

  async function nextPartition(): Promise<void> {
    await admin.query('SET search_path = counting');
    expect(await startNextPartition(admin)).toBe(true);
  }

  /** Waits for every message of the outbox; checks them, each without its repetitions. @returns all that came */
  async function arrived(): Promise<KafkaRecord[]> {
    const { rows } = await admin.query<Row>('SELECT * FROM counting.outbox ORDER BY seq');
    const missing = () => {
      const there = new Set(idsOf(consumer.records()));
      return rows.filter(({ id }) => !there.has(id));
    };
    await eventually(() => missing().length === 0, 'every message arriving', 60_000);
    const records = consumer.records();
    const first = [
      ...new Map(records.toReversed().map((record) => [record.headers['id']!, record])).values(),
    ].toReversed();
    const ways = new Set(rows.map(({ aggregateid, aggregatetype }) => JSON.stringify([aggregatetype, aggregateid])));
    for (const way of ways) {
      const [stream, key] = JSON.parse(way) as [string, string];
      const sent = rows.filter(({ aggregateid, aggregatetype }) => aggregateid === key && aggregatetype === stream);
      // Here each stream has one type.
      const came = first.filter((record) => record.key === key && record.headers['type'] === sent[0]!.type);
      expect(came.map(read)).toEqual(sent.map(shown));
      expect(new Set(came.map(({ partition }) => partition)).size).toBe(1);
    }
    expect(first).toHaveLength(rows.length);
    return records;
  }

  /** What the guide has the reader look at, and from where on the log is held. */
  async function slot(): Promise<object & { held: string; restart_lsn: string }> {
    const [shown, own] = [await admin.query(look), await admin.query('SELECT restart_lsn FROM pg_replication_slots')];
    return { ...shown.rows[0], ...own.rows[0] };
  }
});

const idsOf = (records: readonly KafkaRecord[]) => records.map(({ headers }) => headers['id']!);

/** What a record has of its row. */
const shown = ({ id, seq, type, payload, headers, created_at }: Row) => ({
  id,
  seq,
  type,
  created_at: created_at.getTime(),
  headers,
  payload,
});

const read = ({ headers, value }: KafkaRecord) => ({
  ...headers,
  created_at: Date.parse(headers['created_at']!),
  headers: JSON.parse(headers['headers']!) as object,
  payload: JSON.parse(value) as object,
});
