import type { ICommandHandler, IEventHandler } from '@nestjs/cqrs';
import { CommandBus, CommandHandler, EventBus, EventsHandler } from '@nestjs/cqrs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import {
  BoundedContext,
  Conflict,
  Database,
  defineCommand,
  defineEvent,
  Subscription,
} from '../../src/platform/index.js';
import type { Scenario } from '../../src/platform/testing/index.js';
import { eventually, scenario } from '../../src/platform/testing/index.js';

const key = z.string();
class Asked extends defineEvent('asker.asked.v1', { key: 'key', payload: z.object({ key, how: z.string() }) }) {}
class Told extends defineEvent('teller.told.v1', { key: 'key', payload: z.object({ key }) }) {}
class Refuse extends defineCommand('teller.refuse.v1', { payload: z.object({ key }), errors: { no: z.object({}) } }) {}
class TellBoth extends defineCommand('teller.tell-both.v1', { payload: z.object({ key }) }) {}

/** Writes, takes its time, and is refused. */
@CommandHandler(Refuse)
class RefuseHandler implements ICommandHandler<Refuse> {
  constructor(private readonly database: Database) {}

  async execute({ key: refused }: Refuse): Promise<void> {
    await this.database.sql('INSERT INTO told VALUES ($1)', [refused]);
    await this.database.sql('SELECT pg_sleep(0.05)');
    throw new Conflict('no', 'No.', {});
  }
}

/** Executes a command that is refused, and writes and publishes at the same time. */
@CommandHandler(TellBoth)
class TellBothHandler implements ICommandHandler<TellBoth> {
  constructor(
    private readonly database: Database,
    private readonly commands: CommandBus,
    private readonly events: EventBus,
  ) {}

  async execute({ key: told }: TellBoth) {
    await Promise.allSettled([this.commands.execute(new Refuse({ key: 'refused' })), this.#tell(told)]);
  }

  async #tell(told: string): Promise<void> {
    await this.database.sql('SELECT 1');
    await this.database.manager.query('INSERT INTO told VALUES ($1)', [told]);
    this.events.publish(new Told({ key: told }));
  }
}

@EventsHandler(Asked)
@Subscription({ name: 'listener', pipelined: true })
class Listener implements IEventHandler<Asked> {
  constructor(
    private readonly database: Database,
    private readonly commands: CommandBus,
    private readonly events: EventBus,
  ) {}

  async handle({ key: asked, how }: Asked) {
    if (how === 'refused') return void (await this.commands.execute(new Refuse({ key: asked })).catch(() => undefined));
    await this.database.sql('SELECT 1');
    await this.database.sql('INSERT INTO told VALUES ($1)', [asked]);
    this.events.publish(new Told({ key: asked }));
  }
}

class Teller1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE told (key text NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE told');
  }
}

@BoundedContext({
  name: 'teller',
  contracts: { Told, Refuse, TellBoth },
  providers: [RefuseHandler, TellBothHandler, Listener],
  migrations: [Teller1790000000000],
})
class TellerModule {}

describe('a command of its own module that is refused undoes nothing of what runs at the same time', () => {
  let scene: Scenario;
  beforeAll(async () => void (scene = await scenario(TellerModule, { neighbours: [{ Asked }] })));
  afterAll(() => scene.close());
  const told = async () => (await scene.sql<{ key: string }>('SELECT key FROM told ORDER BY 1')).map((row) => row.key);
  const published = async () => (await scene.allPublished(Told)).map((event) => event.key).sort();

  it('a command of its own module that is refused undoes nothing of what runs beside it in the handler that executes it', async () => {
    await scene.execute(new TellBoth({ key: 'both' }));
    expect(await told()).toEqual(['both']);
    expect(await published()).toEqual(['both']);
    await scene.sql('DELETE FROM told');
    await scene.sql('DELETE FROM outbox');
  });

  it('a command of its own module that is refused undoes nothing of other messages in a pipelined batch', async () => {
    const plain = Array.from({ length: 10 }, (_, n) => `plain-${n}`);
    const refused = ['refused-0', 'refused-1'].map((name) => new Asked({ key: name, how: 'refused' }));
    await scene.publish(refused[0]!, ...plain.map((name) => new Asked({ key: name, how: 'plain' })), refused[1]!);
    const done = `SELECT 1 FROM consumer_progress WHERE consumer = 'teller.listener' AND producer = 'asker' AND position >= 12`;
    await eventually(async () => (await scene.sql(done)).length > 0, 'the batch being handled');
    expect(await told()).toEqual(plain);
    expect(await published()).toEqual(plain);
  });
});
