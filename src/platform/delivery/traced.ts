import { failed, beginSpan, inSpan, spanContext } from '../observability/spans.js';
import { processing } from '../observability/seam-spans.js';
import type { UnitOfWork } from '../persistence/unit-of-work.js';
import type { Consumer } from './consumer.js';
import type { StoredMessage } from './message.js';

type Named = Pick<Consumer, 'name' | 'module'>;

/**
 * Each attempt to handle a message is a span of its own below the one in which it was said, however long after and in
 * whichever process; what the handler causes is below that.
 */
export function traced({ name, module }: Named, handle: Consumer['handle']): Consumer['handle'] {
  return async (message, unit) => {
    const spec = () => processing(message, name, module);
    await inSpan(message.headers.traceparent, spec, (traceparent) => handle(within(message, traceparent), unit));
  };
}

/**
 * As {@link traced}, for a handler that takes a batch at once: each message has its span, linked to that of the first, in
 * which the work is done.
 */
export function tracedBatch({ name, module }: Named, handle: Consumer['handleBatch']): Consumer['handleBatch'] {
  return async (messages, unit: UnitOfWork) => {
    const begun = messages.map((message) =>
      beginSpan(message.headers.traceparent, () => processing(message, name, module, messages.length)),
    );
    const first = spanContext(begun[0]!.traceparent);
    for (const { span } of begun.slice(1)) span?.addLink({ context: first });
    try {
      await handle(
        messages.map((message, n) => within(message, begun[n]!.traceparent)),
        unit,
      );
    } catch (error) {
      for (const { span } of begun) if (span) failed(span, error);
      throw error;
    } finally {
      for (const { span } of begun) span?.end();
    }
  };
}

function within(message: StoredMessage, traceparent: string): StoredMessage {
  const { headers } = message;
  return traceparent === headers.traceparent ? message : { ...message, headers: { ...headers, traceparent } };
}
