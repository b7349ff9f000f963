import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaBroker } from './kafka-broker.js';

const { PATH } = process.env;
let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'liftout-kafka-'))));
afterEach(async () => {
  process.env['PATH'] = PATH;
  await rm(folder, { recursive: true });
});

it('says how to install Kafka where Java and Maven are missing', async () => {
  process.env['PATH'] = folder;
  await expect(KafkaBroker.at(folder)).rejects.toThrow('Install Java 17 or later and Maven');
});
