import { expect, it } from '@jest/globals';
import { busyHost, stopping } from '../support/busy-host.js';
import { startHost } from '../support/host-process.js';
import { needsSignals } from '../support/needs.js';
import { Shop } from '../support/shop.js';

const describe = needsSignals();

describe('a process that gets SIGINT, as from the keyboard', () => {
  it('answers what it has begun as it is then, and ends with 0', async () => {
    const { host, answer } = await busyHost();
    host.kill('SIGINT');
    await stopping(host);
    expect((await answer).expect(202).status).toBe('pending');
    expect(await host.stopped).toMatchObject({ code: 0, signal: null, errors: '' });
  });
});

describe('a process that is started after one that was stopped', () => {
  it('finishes what the other had begun, and seeds nothing again', async () => {
    const { env, host, customer, key, lines, answer } = await busyHost();
    host.kill('SIGTERM');
    const { orderId } = (await answer).body;
    expect((await host.stopped).code).toBe(0);
    const shop = new Shop((await startHost(env)).url, env.DATA_DIR);
    const again = await (await shop.customer(subOf(customer.token!))).place(lines, 'tok_slow', { key, wait: 30 });
    expect(again.expect(200)).toEqual({ orderId, status: 'confirmed' });
    const staff = await shop.staff();
    expect(await staff.level('moka-pot')).toEqual({ sku: 'moka-pot', onHand: 3, reserved: 0, available: 3 });
    expect(await staff.charges(orderId)).toMatchObject([{ status: 'approved' }]);
  });
});

const subOf = (token: string) =>
  (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sub: string }).sub;
