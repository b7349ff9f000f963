import { describe, expect, it } from '@jest/globals';
import { runBuilt } from '../support/host-process.js';
import { SECRET } from '../support/parts.js';
import { ownEnv } from '../support/stage.js';

describe('A host with EVENTS=nats', () => {
  it('needs to know the broker and a secret', async () => {
    const { code, errors } = await ended({});
    expect(code).toBe(2);
    expect(errors).toContain('NATS_URL: required with EVENTS=nats: where the broker answers (nats://host:port)');
    expect(errors).toContain('SEAM_SECRET: required');
  });

  it('refuses an address that is none, without showing it', async () => {
    const { code, errors } = await ended({ SEAM_SECRET: SECRET, NATS_URL: 'http://me:hidden@broker:4222' });
    expect(code).toBe(2);
    expect(errors).toContain('NATS_URL: expected nats://host:port');
    expect(errors).not.toContain('hidden');
  });

  it('ends with one clear line when nobody answers there', async () => {
    const { code, errors } = await ended({ SEAM_SECRET: SECRET, NATS_URL: 'nats://me:hidden@127.0.0.1:1' });
    expect(code).toBe(2);
    expect(errors).toMatch(
      /^NATS does not answer at NATS_URL \(.+\)\. Start it, or correct NATS_URL\. \(LIFTOUT_BROKER_UNUSABLE: docs\/errors\.md\)\n$/,
    );
    expect(errors).not.toContain('hidden');
  });
});

async function ended(env: Readonly<Record<string, string>>) {
  return await runBuilt('main.js', [], { ...(await ownEnv()), PORT: '0', EVENTS: 'nats', ...env }).stopped;
}
