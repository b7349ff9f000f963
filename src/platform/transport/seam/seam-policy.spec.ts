import { describe, expect, it } from '@jest/globals';
import { Unavailable } from '../../messaging/errors.js';
import { SeamPolicy } from './seam-policy.js';

const few = { running: 2, waiting: 2 };
const policyOf = () => new SeamPolicy('notes', { messages: few, routes: few });
const soon = () => Date.now() + 10_000;
const why = async (work: Promise<unknown>) => (await work.catch((error: unknown) => error)) as Unavailable;

/** Work that ends when the test says so. */
function held() {
  let end = (): void => undefined;
  const ended = new Promise<string>((resolve) => (end = () => resolve('done')));
  return { end, work: () => ended };
}

describe('requests of clients to a module in another process', () => {
  it('run so many at a time, wait for their turn, and are refused at once beyond that', async () => {
    const policy = policyOf();
    const { end, work } = held();
    const all = Array.from({ length: 4 }, () => policy.route(soon(), false, work));
    expect(await why(policy.route(soon(), false, work))).toMatchObject({
      reason: 'down',
      message: 'notes is too busy.',
    });
    end();
    expect(await Promise.all(all)).toEqual(['done', 'done', 'done', 'done']);
  });

  it('leave messages their own places', async () => {
    const policy = policyOf();
    const { end, work } = held();
    const routes = Array.from({ length: 4 }, () => policy.route(soon(), false, work));
    expect(await policy.message(soon(), async () => 'answered')).toBe('answered');
    end();
    await Promise.all(routes);
  });

  it('are answered at their deadline though it is not their turn, and are not sent later', async () => {
    const policy = policyOf();
    const { end, work } = held();
    const before = [policy.route(soon(), false, work), policy.route(soon(), false, work)];
    let sent = false;
    const late = policy.route(Date.now() + 50, false, async () => (sent = true));
    expect(await why(late)).toMatchObject({ reason: 'timeout', message: 'notes did not answer before the deadline.' });
    end();
    await Promise.all(before);
    await policy.route(soon(), false, async () => 'after it');
    expect(sent).toBe(false);
  });
});

describe('a module that fails requests of clients', () => {
  it('is left alone by messages as well', async () => {
    const policy = policyOf();
    const fail = () => Promise.reject(new Unavailable('away', 'down'));
    for (let n = 0; n < 5; n++) await why(policy.route(soon(), false, fail));
    const refused = await why(policy.message(soon(), async () => 'answered'));
    expect(refused).toMatchObject({ reason: 'down', message: 'notes has not answered lately.' });
  });

  it('is not trusted again because somebody has stopped waiting', async () => {
    const policy = policyOf();
    const fail = () => Promise.reject(new Unavailable('away', 'down'));
    for (let n = 0; n < 5; n++) await why(policy.route(soon(), false, fail));
    expect((await why(policy.message(Date.now() - 1, async () => 'x'))).reason).toBe('timeout');
    expect((await why(policy.message(soon(), async () => 'x'))).message).toBe('notes has not answered lately.');
  });
});
