import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { IEventHandler } from '@nestjs/cqrs';
import { EventBus, EventsHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import { BoundedContext, Database, defineEvent, Subscription } from '../../src/platform/index.js';
import type { Scenario } from '../../src/platform/testing/index.js';
import { eventually, scenario } from '../../src/platform/testing/index.js';

class Asked extends defineEvent('asker.asked.v1', {
  key: 'key',
  payload: z.object({ key: z.string(), how: z.string() }),
}) {}

class Told extends defineEvent('teller.told.v1', {
  key: 'key',
  payload: z.object({ key: z.string(), what: z.string() }),
}) {}

class Tables1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE told (key text NOT NULL);
      CREATE TABLE once (key text UNIQUE DEFERRABLE INITIALLY DEFERRED);
    `);
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE told, once');
  }
}

/** What each does fails, but not while its handler runs. */
@EventsHandler(Asked)
@Subscription({ name: 'answers', retry: { attempts: 2, baseMs: 5, maxMs: 10 } })
class WhenAsked implements IEventHandler<Asked> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async handle({ key, how }: Asked) {
    await this.database.sql('INSERT INTO told (key) VALUES ($1)', [key]);
    if (how === 'unstorable') this.events.publish(new Told({ key, what: 'a\0b' }));
    if (how === 'deferred') await this.database.sql('INSERT INTO once VALUES ($1), ($1)', [key]);
    if (how === 'unspeakable') throw new Error('a\0b \ud800 c');
  }
}

@BoundedContext({ name: 'teller', contracts: { Told }, providers: [WhenAsked], migrations: [Tables1790000000000] })
class Teller {}

describe('a message whose effects cannot be committed', () => {
  let scene: Scenario;
  beforeAll(async () => void (scene = await scenario(Teller, { neighbours: [{ Asked }] })), 60_000);
  afterAll(() => scene.close());

  it.each([
    ['unstorable', /teller.told.v1: .*holds a NUL character, which cannot be stored/s],
    ['deferred', /duplicate key/],
    ['unspeakable', /^Error: ab \ufffd c$/],
  ])('becomes a dead letter, and holds up no other: %s', async (how, reason) => {
    await scene.publish(new Asked({ key: `${how}-bad`, how }), new Asked({ key: `${how}-good`, how: 'well' }));
    const told = () => scene.sql<{ key: string }>('SELECT key FROM told WHERE key LIKE $1', [`${how}-%`]);
    await eventually(async () => (await told()).length > 0, 'the other message being handled');
    const dead = () =>
      scene.sql<{ errors: { error: string }[] }>(
        `SELECT errors FROM parked_message WHERE key = $1 AND state = 'dead'`,
        [`asker/${how}-bad`],
      );
    await eventually(async () => (await dead()).length === 1, 'the dead letter');
    expect((await dead())[0]!.errors.map(({ error }) => error)).toEqual(Array(2).fill(expect.stringMatching(reason)));
    expect(await told()).toEqual([{ key: `${how}-good` }]);
  });
});
