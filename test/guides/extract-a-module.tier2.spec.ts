import { expect, it } from '@jest/globals';
import { runPages, wrong } from './page.js';
import { needs } from '../support/needs.js';

const describe = needs('bash', 'curl', 'git', 'openssl');

describe('the guide to lift a module out', () => {
  it('has command blocks that all run, in order, with the output that it promises', async () => {
    const outcome = await runPages('docs/guides/extract-a-module.md');
    expect(outcome.blocks).toHaveLength(7);
    expect(wrong(outcome)).toEqual([]);
  }, 600_000);
});
