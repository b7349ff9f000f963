import type { LastLogged } from '../broker/broker-log.js';
import type { Broker } from './broker.js';
import { streamOf, subjectsOf } from './broker.js';
import type { Envelopes } from './envelope.js';
import { messageIn } from './envelope.js';

/** What is not signed by us does not count, but has a place in the stream. */
export async function endOf({ manager }: Broker, module: string, envelopes: Envelopes): Promise<LastLogged> {
  const name = streamOf(module);
  let last = await manager.streams.getMessage(name, { last_by_subj: subjectsOf(module) });
  const place = last?.seq ?? (await manager.streams.info(name)).state.last_seq;
  while (last) {
    const envelope = envelopes.open({ subject: last.subject, headers: last.header, data: last.data });
    if (envelope) return { seq: envelope.seq, place, id: messageIn(envelope).id };
    last = last.seq > 1 ? await manager.streams.getMessage(name, { seq: last.seq - 1 }) : null;
  }
  return { seq: undefined, place, id: undefined };
}
