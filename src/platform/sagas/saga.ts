import type { Command } from '@nestjs/cqrs';
import type { z } from 'zod';
import type { Reply } from '../delivery/message.js';
import { replyType } from '../delivery/message.js';
import type { MessageClass } from '../messaging/define.js';

/** What a saga decides on a message. Everything in it happens in one transaction, or not at all. */
export interface Decision<S> {
  /** The new state; absent: unchanged. */
  state?: S;
  /**
   * Durable commands, handled in this order by each module. Their replies come back to this instance; what each means has
   * to be declared with `onReply`.
   */
  send?: readonly object[];
  /** Arms the timeout of this instance, in place of the one before; `null` disarms it; absent: unchanged. */
  timeout?: { name: string; afterMs: number } | null;
  /** Undoes every step that was sent and did not answer with an error, the last one first. */
  compensate?: boolean;
  /** Nothing more is to be done but what undoes steps. Later messages are still decided on. */
  done?: boolean;
}

type Decide<S, M> = (state: S, message: M) => Decision<S>;
type Result<C> = C extends Command<infer R> ? R : never;

/** How one kind of message reaches an instance. */
interface Subscription<S> {
  /** The instance's id; replies know theirs. */
  correlate?: (message: never) => string;
  decide: (state: S, message: never) => Decision<S>;
  starts: boolean;
}

/**
 * A process over several modules: state, pure decisions, a timeout, and a compensation for each step that has an effect.
 *
 * The platform loads the state, decides, saves and sends in one transaction; messages of one instance are taken one at a
 * time. `decide` functions must be pure: they get everything from their arguments.
 *
 * @example
 * class Posting extends Saga<State> {
 *   constructor() {
 *     super('letters.posting', State);
 *     this.starts(LetterWritten, (e) => e.letterId, (e) => ({ state: {…}, send: [new BookCourier({…})] }));
 *     this.onReply(BookCourier, (state, reply) => (reply.ok ? {…} : {…}));
 *     this.compensates(BookCourier, (state) => new CancelCourier({ letterId: state.letterId }));
 *   }
 * }
 */
export abstract class Saga<S> {
  readonly subscriptions = new Map<string, Subscription<S>>();
  readonly events: MessageClass[] = [];
  readonly commands: MessageClass[] = [];
  readonly #timeouts = new Map<string, (state: S) => Decision<S>>();
  readonly #compensations = new Map<string, { undo: MessageClass; payload: (state: S) => object }>();

  /**
   * @param name stable and unique, `module.process`; its instances are stored under it
   * @param schema of the state: plain JSON
   */
  protected constructor(
    readonly name: string,
    readonly schema: z.ZodType<S>,
  ) {}

  /** The event that begins an instance. */
  protected starts<E extends MessageClass>(
    event: E,
    id: (e: InstanceType<E>) => string,
    decide: (e: InstanceType<E>) => Decision<S> & { state: S },
  ): void {
    this.#subscribe(event, {
      correlate: id,
      decide: (_: unknown, message: InstanceType<E>) => decide(message),
      starts: true,
    });
  }

  /** An event that concerns a running instance; ignored where there is none. */
  protected on<E extends MessageClass>(
    event: E,
    id: (e: InstanceType<E>) => string,
    decide: Decide<S, InstanceType<E>>,
  ): void {
    this.#subscribe(event, { correlate: id, decide, starts: false });
  }

  /** The answer to a command this saga sent: its result, its typed error, or that it was given up. */
  protected onReply<C extends MessageClass>(command: C, decide: Decide<S, Reply<Result<InstanceType<C>>>>): void {
    this.commands.push(command);
    this.subscriptions.set(replyType(command.definition.name), { decide, starts: false });
  }

  /** The timeout of this name has passed. */
  protected onTimeout(name: string, decide: (state: S) => Decision<S>): void {
    this.#timeouts.set(name, decide);
  }

  /**
   * The command that undoes a step. Must be harmless when the step had no effect. An instance is not done before every
   * such command has succeeded.
   */
  protected compensates<U extends MessageClass>(
    step: MessageClass,
    undo: U,
    payload: (state: S) => ConstructorParameters<U>[0],
  ): void {
    this.#compensations.set(step.definition.name, { undo, payload });
    if (!this.subscriptions.has(replyType(undo.definition.name))) this.onReply(undo, () => ({}));
  }

  /** Decides on a message: an event, a {@link Reply} by its type, or a timeout by its name. Pure. */
  decide(state: S | undefined, type: string, message: object): Decision<S> {
    return this.subscriptions.get(type)!.decide(state as S, message as never);
  }

  /** Decides on a timeout. Pure. */
  decideTimeout(state: S, name: string): Decision<S> {
    return this.#timeouts.get(name)?.(state) ?? {};
  }

  /** The command that undoes a step, if the step needs undoing. */
  compensation(step: string, state: S): object | undefined {
    const found = this.#compensations.get(step);
    return found && new found.undo(found.payload(state) as never);
  }

  /** The names of a step and of the command that undoes it, for every step that needs undoing. */
  get compensations(): { step: string; undo: string }[] {
    return [...this.#compensations].map(([step, { undo }]) => ({ step, undo: undo.definition.name }));
  }

  get timeouts(): string[] {
    return [...this.#timeouts.keys()];
  }

  #subscribe(event: MessageClass, subscription: Subscription<S>): void {
    this.events.push(event);
    this.subscriptions.set(event.definition.name, subscription);
  }
}
