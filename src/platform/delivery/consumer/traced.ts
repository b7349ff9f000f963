import type { SeamCall } from '../../observability/crossings.js';
import { crossing } from '../../observability/crossings.js';
import { beginSpan, failed, inSpan, isTracing, spanContext } from '../../observability/spans.js';
import { processing } from '../../observability/seam-spans.js';
import type { UnitOfWork } from '../../transaction/unit-of-work.js';
import type { Consumer } from './consumer.js';
import type { StoredMessage } from '../../transaction/message.js';

/** It is one call, which comes to its end. */
type AtOnce = (messages: readonly StoredMessage[], unit: UnitOfWork) => Promise<void>;
type Named = Pick<Consumer, 'name' | 'module'>;

/**
 * Each attempt to handle a message is a span of its own below the one in which it was said, however long after and in
 * whichever process; what the handler causes is below that.
 */
export function traced({ name, module }: Named, handle: Consumer['handle']): Consumer['handle'] {
  return async (message, unit, waitedMs) => {
    const spec = () => processing(message, name, module);
    const work = () =>
      inSpan(message.headers.traceparent, spec, (traceparent) => handle(within(message, traceparent), unit, waitedMs));
    return await crossing(
      () => crossingOf(message, module),
      work,
      (result) => result ?? 'ok',
    );
  };
}

/**
 * As {@link traced}, for a handler that takes a batch at once: each message has its span, linked to that of the first, in
 * which the work is done.
 */
export function tracedBatch({ name, module }: Named, handle: AtOnce): Consumer['handleBatch'] {
  return async (messages, unit) => {
    const work = () => (isTracing() ? inSpans(messages, unit) : handle(messages, unit));
    await crossing(() => messages.map((message) => crossingOf(message, module)), work);
    return [];
  };

  async function inSpans(messages: readonly StoredMessage[], unit: UnitOfWork): Promise<void> {
    const begun = messages.map((message) =>
      beginSpan(message.headers.traceparent, () => processing(message, name, module, messages.length)),
    );
    const first = spanContext(begun[0]!.traceparent);
    for (const { span } of begun.slice(1)) span?.addLink({ context: first });
    try {
      const own = messages.map((message, n) => within(message, begun[n]!.traceparent));
      await handle(own, unit);
    } catch (error) {
      for (const { span } of begun) if (span) failed(span, error);
      throw error;
    } finally {
      for (const { span } of begun) span?.end();
    }
  }
}

function crossingOf({ producer, type, aggregatetype, created_at }: StoredMessage, to: string): CallInfo {
  const kind = aggregatetype.endsWith('.commands') ? 'command' : aggregatetype.endsWith('.replies') ? 'reply' : 'event';
  return { from: producer, to, message: type, kind, ageMs: Date.now() - Date.parse(created_at) };
}

type CallInfo = Omit<SeamCall, 'ending' | 'ms'>;

function within(message: StoredMessage, traceparent: string): StoredMessage {
  const { headers } = message;
  return traceparent === headers.traceparent ? message : { ...message, headers: { ...headers, traceparent } };
}
