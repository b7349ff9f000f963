import type { Command } from '@nestjs/cqrs';
import { z } from 'zod';
import type { Reply } from '../transaction/message.js';
import { replyType } from '../transaction/message.js';
import type { MessageClass } from '../messaging/define.js';
import type { PersonalData } from '../messaging/plain/personal.js';
import { personalDataOf } from '../messaging/plain/personal.js';

/**
 * What a saga decides on a message. Everything in it happens in one transaction, or not at all.
 *
 * @example
 * return { state: { ...state, sent: true }, send: [new BookCourier({ letterId })], done: true };
 */
export interface Decision<S> {
  /** The new state; absent: unchanged. */
  state?: S;
  /**
   * Durable commands, handled in this order by each module. Their replies come back to this instance; what each means has
   * to be declared with `onReply`.
   */
  send?: readonly object[];
  /**
   * Arms the timeout of this instance, in place of the one before: milliseconds after the decision is saved, or at a moment,
   * by the clock of the module's database. `null` disarms it; absent: unchanged.
   */
  timeout?: Timeout | null;
  /**
   * Arms timeouts that run beside that one and beside each other, by name; `null` disarms one; those that are not named stay
   * as they are. The end of the instance (`done`) disarms them all.
   *
   * @example timeouts: { reminder: { afterMs: 3_600_000 }, closing: { at: state.closesAt }, patience: null }
   */
  timeouts?: Readonly<Record<string, When | null>>;
  /** Undoes every step that was sent and did not answer with an error, the last one first. */
  compensate?: boolean;
  /** Nothing more is to be done but what undoes steps. Later messages are still decided on. */
  done?: boolean;
}

/**
 * Milliseconds after a decision is saved, or a moment by the clock of the module's database.
 *
 * @example { timeouts: { reminder: { afterMs: 3_600_000 }, closing: { at: state.closesAt } } }
 */
export type When = { afterMs: number } | { at: Date };

/**
 * When a saga is to decide again, and as what.
 *
 * @example { timeout: { name: 'patience', afterMs: 60_000 } }
 */
export type Timeout = { name: string } & When;

/**
 * When what is decided on has happened: the only clock that a decision has.
 *
 * @example this.on(BidMade, (e) => e.auctionId, (state, bid, { at }) => (at < state.closesAt ? { … } : {}));
 */
export interface Moment {
  /** When the event or the reply was stored, by the clock of its producer's database; when a timeout was due. */
  readonly at: Date;
}

/** For specs that do not say when: always the same. */
const UNSAID: Moment = { at: new Date(0) };

type Decide<S, M> = (state: S, message: M, moment: Moment) => Decision<S>;
type Result<C> = C extends Command<infer R> ? R : never;

/** How one kind of message reaches an instance. */
interface Subscription<S> {
  /** The instance's id; replies know theirs. */
  correlate?: (message: never) => string;
  decide: (state: S, message: never, moment: Moment) => Decision<S>;
  starts: boolean;
  waitMs?: number;
}

/** How long an event waits for an instance that another producer may begin: ten minutes. */
const EARLY_WAIT_MS = 600_000;
const MAX_WAIT_MS = 7 * 86_400_000;

/**
 * A process over several modules: state, pure decisions, a timeout, and a compensation for each step that has an effect.
 *
 * The platform loads the state, decides, saves and sends in one transaction; messages of one instance are taken one at a
 * time. `decide` functions must be pure: they get everything from their arguments, the time as well, and from what Nest has
 * handed to the constructor, such as the module's configuration.
 *
 * - The stored state is parsed by the schema when it is loaded, so a field that is new needs a default. Fields that this
 *   version does not know are kept. State that does not fit fails the message, which is retried and becomes a dead letter.
 * - A start that fails is retried; whatever follows for the same instance, of any producer, waits behind it.
 * - A timeout that fails is retried with back-off and becomes a dead letter: `npm run sagas -- retry-timeout`.
 * - A timeout whose name this version does not declare stays armed, for a version that does.
 * - An instance that is done is kept as long as delivered messages are (`OUTBOX_RETENTION_HOURS`), and while an answer
 *   is outstanding. Do not use an id twice: after that, a start with it would begin a new instance.
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
  #personal: PersonalData | undefined;
  readonly #timeouts = new Map<string, (state: S, moment: Moment) => Decision<S>>();
  readonly #compensations = new Map<string, { undo: MessageClass; payload: (state: S) => object }>();
  readonly #exceptions = new Map<string, string>();

  /**
   * @param name stable and unique, `module.process`; its instances are stored under it
   * @param schema of the state: plain JSON. State that another version stored is parsed by it
   */
  protected constructor(
    readonly name: string,
    readonly schema: z.ZodType<S>,
  ) {}

  /** The event that begins an instance. Where there is one with this id already, it is ignored. */
  protected starts<E extends MessageClass>(
    event: E,
    id: (e: InstanceType<E>) => string,
    decide: (e: InstanceType<E>, moment: Moment) => Decision<S> & { state: S },
  ): void {
    this.#subscribe(event, {
      correlate: id,
      decide: (_: unknown, message: InstanceType<E>, moment: Moment) => decide(message, moment),
      starts: true,
    });
  }

  /**
   * An event that concerns a running instance.
   *
   * Where there is none, and a start that failed may still begin it, the event waits behind that start. Where an event of
   * another producer may begin it, the event waits for `waitMs`, as producers are read independently of each other. After
   * that, and where only its own producer begins instances, it is ignored: counted as `ignored`, and logged if it waited.
   *
   * @param options `waitMs`: milliseconds, 0 to 7 days; default ten minutes; 0 where most of these events are for no
   *   instance
   * @throws TypeError when `waitMs` is out of range
   */
  protected on<E extends MessageClass>(
    event: E,
    id: (e: InstanceType<E>) => string,
    decide: Decide<S, InstanceType<E>>,
    { waitMs = EARLY_WAIT_MS }: { waitMs?: number } = {},
  ): void {
    if (!(waitMs >= 0 && waitMs <= MAX_WAIT_MS))
      throw new TypeError(`${this.name}: waitMs of ${event.definition.name} has to be from 0 to ${MAX_WAIT_MS}.`);
    this.#subscribe(event, { correlate: id, decide, starts: false, waitMs });
  }

  /** The answer to a command this saga sent: its result, its typed error, or that it was given up. */
  protected onReply<C extends MessageClass>(command: C, decide: Decide<S, Reply<Result<InstanceType<C>>>>): void {
    this.commands.push(command);
    this.subscriptions.set(replyType(command.definition.name), { decide, starts: false });
  }

  /** The timeout of this name has passed. Its name is stored: declare it as long as one may be armed. */
  protected onTimeout(name: string, decide: (state: S, moment: Moment) => Decision<S>): void {
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

  /**
   * Says why a step needs no compensation: `npm run readiness` asks for one or the other of every step. Changes nothing at
   * run time.
   *
   * @param reason a sentence, for whoever has to know what a failure leaves behind
   * @example this.withoutCompensation(SendLetter, 'The last step: nothing comes after it that could fail.')
   */
  protected withoutCompensation(step: MessageClass, reason: string): void {
    this.#exceptions.set(step.definition.name, reason);
  }

  /**
   * Marks the personal data of the state, for `npm run erase`.
   *
   * @param subject the field of the state that names the person
   * @param personal the personal fields, and what replaces each
   * @throws TypeError where a replacement does not fit the schema of the state
   */
  protected personalData(subject: keyof S & string, personal: Partial<S>): void {
    if (!(this.schema instanceof z.ZodObject)) throw new TypeError(`${this.name}: only an object has personal fields`);
    this.#personal = personalDataOf(this.name, this.schema.shape, { subject, personal });
  }

  /** What an erasure replaces in the states of instances. */
  get personal(): PersonalData | undefined {
    return this.#personal;
  }

  /**
   * Decides on a message: an event, or a {@link Reply} by its type. Pure.
   * @param moment when it happened; specs that say nothing of it get the year 1970
   */
  decide(state: S | undefined, type: string, message: object, moment = UNSAID): Decision<S> {
    return this.subscriptions.get(type)!.decide(state as S, message as never, moment);
  }

  /** Decides on a timeout. Pure. @param moment when it was due; specs that say nothing of it get the year 1970 */
  decideTimeout(state: S, name: string, moment = UNSAID): Decision<S> {
    const decide = this.#timeouts.get(name);
    if (!decide) throw new TypeError(`${this.name} knows no timeout ${name}: declare it with onTimeout.`);
    return decide(state, moment);
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

  /** The steps that need no compensation, and why. */
  get exceptions(): ReadonlyMap<string, string> {
    return this.#exceptions;
  }

  /** How long an event of this type waits for its instance: milliseconds, 0 where only its own producer begins one. */
  waitMs(type: string): number {
    const { module } = this.events.find(({ definition }) => definition.name === type)!.definition;
    const begins = ({ definition }: MessageClass) => this.subscriptions.get(definition.name)!.starts;
    const others = this.events.some((event) => begins(event) && event.definition.module !== module);
    return others ? (this.subscriptions.get(type)!.waitMs ?? 0) : 0;
  }

  get timeouts(): string[] {
    return [...this.#timeouts.keys()];
  }

  #subscribe(event: MessageClass, subscription: Subscription<S>): void {
    this.events.push(event);
    this.subscriptions.set(event.definition.name, subscription);
  }
}
