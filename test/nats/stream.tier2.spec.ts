import { jetstreamManager } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { startBroker } from '../support/nats-server.js';
import { needs } from '../support/needs.js';
import { SECRET } from '../support/parts.js';
import { eventsThroughABroker } from '../support/through-a-broker.js';

const describe = needs('nats-server');

eventsThroughABroker(describe, {
  kind: 'nats',
  start: startBroker,
  events: (url) => ({ kind: 'nats', url, secret: SECRET }),
  purge: (url) => onBroker(url, async (manager) => void (await manager.streams.purge('LIFTOUT_counting'))),
  remove: (url) => onBroker(url, async (manager) => void (await manager.streams.delete('LIFTOUT_counting'))),
  repeatTail: (url, count) => onBroker(url, (manager) => repeatTail(manager, count)),
});

type Manager = Awaited<ReturnType<typeof jetstreamManager>>;

async function onBroker(url: string, work: (manager: Manager) => Promise<void>) {
  const connection = await connect({ servers: url });
  await work(await jetstreamManager(connection));
  await connection.close();
}

/** Under their ids, under new ids for the broker, and under ids that are to come. */
async function repeatTail(manager: Manager, count: number): Promise<void> {
  const { state } = await manager.streams.info('LIFTOUT_counting');
  for (let seq = state.last_seq - count; seq < state.last_seq - count / 2; seq++) {
    const message = (await manager.streams.getMessage('LIFTOUT_counting', { seq }))!;
    message.header.delete('Nats-Expected-Last-Sequence');
    await manager.jetstream().publish(message.subject, message.data, { headers: message.header });
    message.header.delete('Nats-Msg-Id');
    await manager.jetstream().publish(message.subject, message.data, { headers: message.header });
    const forged = headers();
    forged.set('Nats-Msg-Id', `counting-${1_000_000 + seq}`);
    forged.set('Liftout-After', '0');
    await manager.jetstream().publish(message.subject, message.data, { headers: forged });
  }
}
