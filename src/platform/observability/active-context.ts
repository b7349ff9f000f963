import type { Context, ContextManager } from '@opentelemetry/api';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import type { Scope } from '../messaging/context/context.js';
import { currentScope } from '../messaging/context/context.js';
import { spanContext, spanOf } from './spans.js';

/**
 * Lets everybody who uses the API of OpenTelemetry, such as an instrumented library, find the span of the message or
 * request that is being handled, and add spans below it. What follows the message is the scope alone: no second
 * context is carried along unless somebody asks for it.
 */
export class ActiveContext implements ContextManager {
  readonly #own = new AsyncLocalStorage<{ context: Context; scope: Scope | undefined }>();

  active(): Context {
    const scope = currentScope();
    const own = this.#own.getStore();
    // What was set in an outer scope is not that of this message.
    if (own && own.scope === scope) return own.context;
    if (!scope) return ROOT_CONTEXT;
    const span = spanOf(scope.context) ?? trace.wrapSpanContext(spanContext(scope.context.traceparent));
    return trace.setSpan(ROOT_CONTEXT, span);
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#own.run({ context, scope: currentScope() }, () => fn.call(thisArg, ...args));
  }

  bind<T>(context: Context, target: T): T {
    if (typeof target !== 'function') return target;
    const call = (...args: unknown[]) =>
      this.with(context, () => (target as unknown as (...a: unknown[]) => unknown)(...args));
    return AsyncResource.bind(call) as unknown as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#own.disable();
    return this;
  }
}
