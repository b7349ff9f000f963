import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ICommandHandler, IEventHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus, EventsHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import { MAX_PAGE_BYTES } from '../../src/platform/delivery/feed/feed.js';
import {
  BoundedContext,
  Database,
  defineCommand,
  defineEvent,
  Outbox,
  Subscription,
} from '../../src/platform/index.js';
import { MAX_KEY_LENGTH, MAX_MESSAGE_BYTES } from '../../src/platform/messaging/plain/limits.js';
import type { Scenario } from '../../src/platform/testing/index.js';
import { eventually, scenario } from '../../src/platform/testing/index.js';

const text = z.string();

class Uploaded extends defineEvent('archive.uploaded.v1', { payload: z.object({ key: text, text }), key: 'key' }) {}
class Upload extends defineCommand('archive.upload.v1', { payload: z.object({ key: text, text, times: z.int() }) }) {}
class File extends defineCommand('archive.file.v1', { payload: z.object({ text }) }) {}
class FileLater extends defineCommand('archive.file-later.v1', { payload: z.object({ key: text, text }) }) {}

@CommandHandler(Upload)
class UploadHandler implements ICommandHandler<Upload> {
  constructor(private readonly events: EventBus) {}

  async execute({ key, text, times }: Upload) {
    for (let n = 0; n < times; n++) this.events.publish(new Uploaded({ key: `${key}${n}`, text }));
  }
}

@CommandHandler(FileLater)
class FileLaterHandler implements ICommandHandler<FileLater> {
  constructor(private readonly outbox: Outbox) {}

  async execute({ key, text }: FileLater) {
    this.outbox.send(new File({ text }), { key });
  }
}

@CommandHandler(File)
class FileHandler implements ICommandHandler<File> {
  async execute() {}
}

@EventsHandler(Uploaded)
@Subscription({ name: 'shelf', retry: { attempts: 2, baseMs: 5, maxMs: 10 } })
class WhenUploaded implements IEventHandler<Uploaded> {
  constructor(private readonly database: Database) {}

  async handle({ key, text }: Uploaded) {
    if (text === 'unreadable') throw new Error('cannot read it');
    await this.database.sql('INSERT INTO shelf VALUES ($1, $2)', [key, text.length]);
  }
}

class Shelf1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE shelf (key text NOT NULL, length int NOT NULL)');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE shelf');
  }
}

@BoundedContext({
  name: 'archive',
  contracts: { Uploaded, Upload, File, FileLater },
  providers: [UploadHandler, FileHandler, FileLaterHandler, WhenUploaded],
  migrations: [Shelf1790000000000],
})
class Archive {}

describe('the size of a message', () => {
  let scene: Scenario;
  beforeAll(async () => void (scene = await scenario(Archive)), 60_000);
  afterAll(() => scene.close());

  const shelf = (key: string) => scene.sql('SELECT key, length FROM shelf WHERE starts_with(key, $1)', [key]);
  const ofLength = (key: string, length: number) =>
    scene.execute(new Upload({ key, text: 'x'.repeat(length), times: 1 }));

  it('is limited where the message is published, by an error that names the limit', async () => {
    const frame = JSON.stringify({ key: 'most0', text: '' }).length;
    await ofLength('most', MAX_MESSAGE_BYTES - frame);
    await eventually(async () => (await shelf('most')).length === 1);
    const refused = /uploaded\.v1 has 104\d+ bytes; a message has at most 1048576/;
    await expect(ofLength('more', MAX_MESSAGE_BYTES - frame + 1)).rejects.toThrow(refused);
    const umlauts = new Upload({ key: 'most', text: 'ü'.repeat(MAX_MESSAGE_BYTES / 2), times: 1 });
    await expect(scene.execute(umlauts)).rejects.toThrow(refused);
    expect(await shelf('more')).toEqual([]);
  });

  it('is limited for a durable command as well', async () => {
    const large = new FileLater({ key: 'k', text: 'x'.repeat(MAX_MESSAGE_BYTES) });
    await expect(scene.execute(large)).rejects.toThrow('archive.file.v1 has 10485');
  });

  it('is limited for its key', async () => {
    const keyed = (length: number) => scene.execute(new FileLater({ key: 'k'.repeat(length), text: '' }));
    await keyed(MAX_KEY_LENGTH);
    const refused = 'a key has at most 512';
    await expect(keyed(MAX_KEY_LENGTH + 1)).rejects.toThrow(refused);
    const event = new Upload({ key: 'k'.repeat(MAX_KEY_LENGTH), text: '', times: 1 });
    await expect(scene.execute(event)).rejects.toThrow(refused);
  });

  it('limits how many are read at once, and all of them arrive in order', async () => {
    const { feed } = scene.runtime.feedOf('archive');
    await scene.execute(new Upload({ key: 'many', text: 'x'.repeat(500_000), times: 40 }));
    await eventually(async () => (await shelf('many')).length === 40);
    expect(await shelf('many')).toEqual(Array.from({ length: 40 }, (_, n) => ({ key: `many${n}`, length: 500_000 })));
    const filter = { streams: ['archive'], types: [] };
    const read: string[] = [];
    for (let after = 0, last = -1; after !== last;) {
      const { messages, upTo } = await feed.read(after, filter, 500);
      const sizes = messages.map(({ payload }) => JSON.stringify(payload).length);
      const all = sizes.reduce((sum, size) => sum + size, 0);
      expect(all - (sizes.at(-1) ?? 0)).toBeLessThan(MAX_PAGE_BYTES);
      read.push(...messages.map(({ id }) => id));
      [last, after] = [after, upTo];
    }
    const stored = await scene.sql(`SELECT id FROM outbox WHERE aggregatetype = 'archive' ORDER BY seq`);
    expect(read).toEqual(stored.map(({ id }) => id));
  });

  it('is one message at least, however few bytes are asked for', async () => {
    const { feed } = scene.runtime.feedOf('archive');
    const first = await feed.read(0, { streams: ['archive'], types: [] }, 500, 1);
    expect(first.messages).toHaveLength(1);
    expect(first.upTo).toBe(first.messages[0]!.seq);
  });

  it('does not stop a consumer where a former version let a longer key through', async () => {
    const key = randomBytes(3000).toString('hex');
    await scene.sql(
      `INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
       SELECT gen_random_uuid(), 'archive', key, $3, jsonb_build_object('key', key, 'text', text), o.headers
         FROM unnest($1::text[], $2::text[]) AS given (key, text), LATERAL (SELECT headers FROM outbox LIMIT 1) o`,
      [[key, key, 'free'], ['unreadable', 'behind it', 'goes on'], 'archive.uploaded.v1'],
    );
    await ofLength('wakes', 1);
    await eventually(async () => (await shelf('free')).length === 1, 'the message of another key');
    const waiting = () => scene.sql('SELECT state FROM parked_message ORDER BY seq');
    await eventually(async () => (await waiting())[0]?.state === 'dead', 'the dead letter');
    expect(await waiting()).toEqual([{ state: 'dead' }, { state: 'waiting' }]);
    expect(await shelf(key)).toEqual([]);
  });
});
