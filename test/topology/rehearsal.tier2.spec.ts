import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { modules } from '../../src/modules.js';
import { contextOptions } from '../../src/platform/bounded-context.js';
import { together } from '../../src/tools/rehearse/stages.js';
import { MODULES } from '../support/topology.js';

const NAME = 'PAYMENT_TIMEOUT_MS';
const { specs } = modules
  .map((module) => contextOptions(module)!.config)
  .find((config) => config !== undefined && NAME in config.schema.shape)!;
const started = () =>
  together({ all: MODULES, events: 'feed', files: 'no/such/file' }).run(AbortSignal.timeout(60_000));

describe('the processes of a rehearsal', () => {
  beforeEach(() => void (specs[NAME] = 'no number'));
  afterEach(() => {
    delete specs[NAME];
    delete process.env[NAME];
  });

  it('have the variables that a module says it has in specs', async () => {
    await expect(started()).rejects.toThrow(`${NAME}: expected a number of milliseconds`);
  }, 60_000);

  it('have those of the environment instead, where it has them', async () => {
    process.env[NAME] = '15000';
    expect(await started()).toMatchObject({ passed: 0, failures: [{ name: 'the suite itself' }] });
  }, 60_000);
});
