import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { Transform } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { IEventHandler } from '@nestjs/cqrs';
import { EventsHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import { BoundedContext, Database, defineEvent, Subscription } from '../../src/platform/index.js';
import { UnitOfWork } from '../../src/platform/transaction/unit-of-work.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { freePorts } from '../../src/tools/rehearse/split.js';
import { startPart } from '../support/parts.js';

class Asked extends defineEvent('asker.asked.v1', {
  key: 'key',
  payload: z.object({ key: z.string(), text: z.string() }),
}) {}

class Told1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE told (n bigint GENERATED ALWAYS AS IDENTITY, key text NOT NULL)');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE told');
  }
}

@EventsHandler(Asked)
@Subscription({ name: 'answers' })
class WhenAsked implements IEventHandler<Asked> {
  constructor(private readonly database: Database) {}

  async handle({ key }: Asked) {
    await this.database.sql('INSERT INTO told (key) VALUES ($1)', [key]);
  }
}

@BoundedContext({ name: 'teller', contracts: {}, providers: [WhenAsked], migrations: [Told1790000000000] })
class Teller {}

@BoundedContext({ name: 'asker', contracts: { Asked }, providers: [] })
class Asker {}

/** A line that carries so many bytes a second, for each connection; what is on its way arrives when the sender has closed. */
async function slowLink(to: number, bytesPerSecond: number): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined));
    near.on('close', () => far.destroy());
    near.pipe(far).pipe(throttle(bytesPerSecond)).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

function throttle(bytesPerSecond: number): Transform {
  return new Transform({
    highWaterMark: 1 << 16,
    transform: (chunk: Buffer, _, done) =>
      void setTimeout(() => done(null, chunk), (chunk.length / bytesPerSecond) * 1000),
  });
}

describe('a backlog of large messages', () => {
  const COUNT = 12;
  let data: TestDatabase;
  beforeAll(async () => void (data = await testDatabase([Asker, Teller])), 60_000);
  afterAll(() => data.drop());

  it('arrives over a line that a whole page is too large for', async () => {
    const [near, far] = (await freePorts(2)) as [number, number];
    const link = await slowLink(near, 250_000);
    const urls = { asker: `http://127.0.0.1:${link.port}`, teller: `http://127.0.0.1:${far}` };
    const base = { database: data, modules: [Asker, Teller], urls, events: { kind: 'feed' } as const };
    const asker = await startPart({ ...base, here: Asker, port: near });
    const unit = new UnitOfWork('asker', asker.runtime.database('asker').dataSource);
    const keys = Array.from({ length: COUNT }, (_, n) => `k-${n}`);
    for (const key of keys) unit.publish(new Asked({ key, text: 'x'.repeat(500_000) }));
    await unit.commit();
    const teller = await startPart({ ...base, here: Teller, port: far });
    const told = async () => {
      const { rows } = await teller.runtime.database('teller').pool.query('SELECT key FROM told ORDER BY n');
      return rows.map(({ key }) => key);
    };
    await eventually(async () => (await told()).length === COUNT, 'all of them', 120_000);
    expect(await told()).toEqual(keys);
    await teller.stop();
    link.close();
    await asker.stop();
  }, 180_000);
});
