import type { Context, Span, SpanOptions, Tracer, TracerProvider } from '@opentelemetry/api';
import { currentMessage } from '../messaging/context/context.js';
import { MODULE } from './seam-spans.js';

/**
 * Gives each module a provider of its own, and so a resource of its own, however many modules share the process. A span is of
 * the module that it names, else of the module whose handler runs, else of the process itself, as a request by HTTP.
 */
export class ModuleTracers implements TracerProvider {
  readonly #own: ReadonlyMap<string, TracerProvider>;
  readonly #rest: TracerProvider;

  /**
   * @param modules those that are told apart; none: everything is of the process
   * @param providerOf makes the provider of a module, or of what belongs to none of them
   */
  constructor(modules: readonly string[], providerOf: (module?: string) => TracerProvider) {
    this.#own = new Map(modules.map((module) => [module, providerOf(module)]));
    this.#rest = providerOf();
  }

  getTracer(...scope: Parameters<TracerProvider['getTracer']>): Tracer {
    const own = new Map([...this.#own].map(([module, provider]) => [module, provider.getTracer(...scope)]));
    return new ModuleTracer(own, this.#rest.getTracer(...scope));
  }
}

class ModuleTracer implements Tracer {
  constructor(
    private readonly own: ReadonlyMap<string, Tracer>,
    private readonly rest: Tracer,
  ) {}

  startSpan(name: string, options?: SpanOptions, context?: Context): Span {
    return this.#of(options).startSpan(name, options, context);
  }

  startActiveSpan<F extends (span: Span) => unknown>(name: string, ...rest: [...unknown[], F]): ReturnType<F> {
    const options = rest.length > 1 ? (rest[0] as SpanOptions) : undefined;
    const tracer = this.#of(options) as { startActiveSpan(...all: unknown[]): ReturnType<F> };
    return tracer.startActiveSpan(name, ...rest);
  }

  #of(options: SpanOptions | undefined): Tracer {
    const module = options?.attributes?.[MODULE] ?? currentMessage()?.module;
    return this.own.get(module as string) ?? this.rest;
  }
}
