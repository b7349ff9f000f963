import { expect } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { replay } from '../../src/platform/delivery/maintenance/replay.js';
import { acceptRewound } from '../../src/platform/operations/rewound-consumers.js';
import { UnitOfWork } from '../../src/platform/transaction/unit-of-work.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import type { EventsOptions } from '../../src/platform/transport/events/event-transport.js';
import { freePorts } from '../../src/tools/rehearse/split.js';
import { Begun, ear, Extra, version } from './hearing-versions.js';
import { loseTables } from './lost-tables.js';
import type { TestPart } from './parts.js';
import { startPart } from './parts.js';
import { afterwards } from './stage.js';

/** Of the speaker and the listener, each a process of its own, the listener as several versions one after the other. */
export async function hearingParts(events: () => EventsOptions) {
  const [database, ports] = await Promise.all([testDatabase(version([])), freePorts(3)]);
  afterwards(() => database.drop());
  const [speaker, bank, listener] = ports.map((port) => `http://127.0.0.1:${port}`) as [string, string, string];
  const urls = { speaker, bank, listener };
  const start = (which: 0 | 2, modules: readonly Type[]) =>
    startPart({ database, modules, here: modules[which]!, port: ports[which]!, urls, events: events() });
  return {
    database,
    speak: () => start(0, version([])),
    listen: (...ears: readonly Type[]) => start(2, version(ears)),
  };
}

/**
 * A listener with empty tables does not start, whichever way its events come, before somebody has said how it is to go on;
 * a replay works in the listener's process alone.
 */
export async function doesNotHearAgain({ database, speak, listen }: HearingParts): Promise<void> {
  const ears = [ear([Begun], { name: 'ear' }), ear([Begun], { name: 'page', rebuildable: true })];
  const speaker = await speak();
  const first = await listen(...ears);
  for (const id of ['1', '2', '3']) await say(speaker, id);
  await eventually(async () => (await heardBy(first)).length === 6, 'the listener hearing', 60_000);
  await eventually(async () => (await readersOf(speaker, 6)).length === 2, 'the speaker being told', 60_000);
  await first.stop();
  await loseTables(database, version(ears)[2]!);
  await speaker.stop();
  // Nothing is heard before the speaker has answered.
  const listener = await listen(...ears);
  const again = await speak();
  const rewound = () => listener.runtime.guards.get('listener.ear')!.rewound;
  await eventually(() => rewound().length > 0, 'the ear not starting', 60_000);
  await say(again, '4');
  await eventually(async () => (await heardBy(listener)).length === 4, 'the page hearing everything', 60_000);
  expect(rewound()).toMatchObject([{ consumer: 'listener.ear', producer: 'speaker', heard: 6, here: 0 }]);
  await expect(acceptRewound(listener.runtime, 'listener.ear', 99)).rejects.toMatchObject({ code: 'beyond_the_end' });
  await acceptRewound(listener.runtime, 'listener.ear', 4);
  await eventually(async () => (await heardBy(listener)).length === 6, 'the ear hearing the rest', 60_000);
  expect(await replay(listener.runtime, 'listener.page', 'start')).toEqual([{ producer: 'speaker', messages: 4 }]);
  await eventually(async () => (await heardBy(listener)).length === 6, 'the page hearing everything again', 60_000);
  await say(again, '5');
  await eventually(async () => (await heardBy(listener)).length === 8, 'both going on', 60_000);
  const all = ['1', '2', '3', '4', '5'].map((id) => `Begun ${id}`);
  expect(await heardBy(listener)).toEqual([...all, 'Begun 3', 'Begun 4', 'Begun 5'].sort());
  await acceptRewound(listener.runtime, 'listener.page', 8);
  await eventually(async () => (await heardBy(listener)).length === 9, 'the page hearing the last one again', 60_000);
  expect((await heardBy(listener)).filter((line) => line === 'Begun 5')).toHaveLength(3);
  await Promise.all([listener.stop(), again.stop()]);
}

async function heardBy({ runtime }: TestPart): Promise<string[]> {
  const text = `SELECT concat(type, ' ', id) AS line FROM heard`;
  return (await runtime.database('listener').sql<{ line: string }>(text)).map(({ line }) => line).sort();
}

async function say({ runtime }: TestPart, id: string): Promise<void> {
  const unit = new UnitOfWork('speaker', runtime.database('speaker').dataSource);
  for (const event of [new Begun({ id }), new Extra({ id })]) unit.publish(event);
  await unit.commit();
  runtime.watches.get('speaker')!.committed();
}

/** What the older version has passed is heard once by the newer one, which has another name for the subscription too. */
export async function hearsWhatWasPassed({
  speak,
  listen,
}: HearingParts): Promise<[speaker: TestPart, newer: TestPart]> {
  const speaker = await speak();
  const old = await listen(ear([Begun], { name: 'ear' }));
  for (const id of ['1', '2', '3']) await say(speaker, id);
  await eventually(async () => (await heardBy(old)).length === 3, 'the older version hearing', 60_000);
  await old.stop();
  const newer = await listen(ear([Begun, Extra], { name: 'ears', formerly: 'ear' }));
  await say(speaker, '4');
  const all = ['1', '2', '3', '4'].flatMap((id) => [`Begun ${id}`, `Extra ${id}`]).sort();
  await eventually(async () => (await heardBy(newer)).length >= all.length, 'the newer version hearing', 60_000);
  expect(await heardBy(newer)).toEqual(all);
  return [speaker, newer];
}

type HearingParts = Awaited<ReturnType<typeof hearingParts>>;

/** The listeners that a speaker knows of, as far as they have come to `position`. */
export async function readersOf({ runtime }: TestPart, position = 0): Promise<string[]> {
  const text = `SELECT consumer FROM outbox_reader WHERE consumer LIKE 'listener.%' AND position >= ${position}`;
  return (await runtime.database('speaker').sql<{ consumer: string }>(text)).map(({ consumer }) => consumer);
}
