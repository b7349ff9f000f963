import { childKey } from './context/child-key.js';
import type { MessageContext, Unit } from './context/context.js';
import { activeScope, childContext, childScope, currentMessage, currentScope, runInScope } from './context/context.js';
import { before } from './context/deadline.js';
import type { MessageDefinition } from './define.js';
import { deepFreeze, definitionOf } from './define.js';
import type { WireError } from './errors.js';
import { ContractViolation, DomainError, HandlerAborted, Unavailable } from './errors.js';
import { crossing } from '../observability/crossings.js';
import { handling } from '../observability/seam-spans.js';
import { inOwnSpan } from '../observability/spans.js';
import { isCancelled, isUnreachable } from '../connection/failures.js';
import type { Registry } from './registry.js';
import { leftMs, runLimited } from './context/time-limit.js';
import { storable } from './plain/storable.js';
import { refuseUnstorable } from './refuse-unstorable.js';

/** The answer of a handler as it crosses a seam: a result, or an error named in the contract. */
export type CommandResult = { ok: true; result: unknown } | { ok: false; error: WireError };

/** Runs commands and queries of one module. Implemented in `transaction/command-runner.ts`. */
export interface CommandRunner {
  run(context: MessageContext, message: object, handle: () => Promise<CommandResult>): Promise<CommandResult>;
  /** Runs what reads only; again, where the module's database was moving meanwhile. */
  read<T>(context: MessageContext, work: () => Promise<T>): Promise<T>;
}

/** A module in another process. Implemented in `transport/seam/remote-module.ts`. */
export interface RemoteModule {
  /** @throws Unavailable when there is no answer */
  ask(context: MessageContext, message: object): Promise<CommandResult>;
}

interface FaultLog {
  fault(context: MessageContext, error: unknown): void;
}

/**
 * Carries commands and queries over the seam, the same way whether the other side is near or far: values are copied,
 * checked and frozen, failures are the contract's errors or {@link Unavailable}, deadlines hold.
 */
export class Dispatcher {
  constructor(
    private readonly registry: Registry,
    private readonly runners: ReadonlyMap<string, CommandRunner>,
    private readonly log: FaultLog,
    private readonly remotes: ReadonlyMap<string, RemoteModule> = new Map(),
  ) {}

  /**
   * Sends a command or query to the module that handles it and waits for the answer.
   *
   * @throws DomainError one of the errors that the contract names
   * @throws Unavailable when there is no answer before the deadline, or the handler broke
   * @throws ContractViolation when another module is called while a transaction is open
   */
  async ask(message: object): Promise<unknown> {
    const definition = definitionOf(message);
    if (!definition || definition.kind === 'event') {
      throw new ContractViolation(
        'LIFTOUT_UNDECLARED_MESSAGE',
        `${message.constructor.name} was not made with defineCommand or defineQuery.`,
      );
    }
    this.#refuseOpenTransaction(definition);
    const context = childContext(definition.name, definition.module, keyed(definition, message));
    const remote = this.remotes.get(definition.module);
    const ask = () => (remote ? remote.ask(context, message) : this.answer(context, message));
    const { kind, module: to, name } = definition as MessageDefinition & { kind: 'command' | 'query' };
    const what = () => ({ from: currentMessage()?.module ?? 'nobody', to, message: name, kind });
    const outcome = await crossing(
      what,
      () => beforeDeadline(context, ask()),
      ({ ok }) => (ok ? 'ok' : 'refused'),
    );
    return unwrap(outcome);
  }

  /**
   * The receiving side: handles a message that came over a seam, in a span below the one of its context.
   *
   * @param from whether whoever asks is in another process
   */
  async answer(context: MessageContext, message: object, from: 'local' | 'remote' = 'local'): Promise<CommandResult> {
    const definition = definitionOf(message)!;
    const handle = this.registry.handlerOf(definition.name);
    if (!handle) throw new Unavailable(`${definition.name} is not handled in this process.`, 'down');
    const work = () => this.#outcome(definition, () => handle(message as never));
    const spec = () => handling(definition, from);
    try {
      return await inOwnSpan(context, spec, (own) => this.#run(definition, own, message, work));
    } catch (error) {
      throw this.#unavailable(context, error);
    }
  }

  #run(
    definition: MessageDefinition,
    context: MessageContext,
    message: object,
    work: () => Promise<CommandResult>,
  ): Promise<CommandResult> {
    const unit = currentScope()?.unit;
    const inside = unit?.module === definition.module ? unit : undefined;
    if (definition.kind === 'query') return this.#query(definition.module, context, inside, work);
    if (inside) return inSavepoint(inside, () => runInScope(context, inside, work));
    return runInScope(context, undefined, () => this.runners.get(definition.module)!.run(context, message, work));
  }

  /** One that answers no more before its deadline is given up, unless it is a part of something else. */
  #query(
    module: string,
    context: MessageContext,
    inside: Unit | undefined,
    work: () => Promise<CommandResult>,
  ): Promise<CommandResult> {
    if (inside) return runInScope(context, inside, work);
    const read = () => this.runners.get(module)?.read(context, work) ?? work();
    if (!context.deadline) return runInScope(context, undefined, read);
    return runLimited(leftMs(context), childScope(context, undefined), read);
  }

  /** Turns what a handler returned or threw into what the contract allows. Faults stay exceptions. */
  async #outcome(definition: MessageDefinition, handle: () => Promise<unknown>): Promise<CommandResult> {
    try {
      return { ok: true, result: checkedResult(definition, await handle()) };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return { ok: false, error: checkedError(definition, error) };
    }
  }

  #unavailable(context: MessageContext, error: unknown): Error {
    if (error instanceof ContractViolation) return error;
    if (error instanceof HandlerAborted) this.log.fault(context, error);
    if (error instanceof Unavailable) return error;
    this.log.fault(context, error);
    const reason = isUnreachable(error) ? 'down' : isCancelled(error) ? 'timeout' : 'fault';
    return new Unavailable(`${context.type} could not be answered.`, reason, { cause: error });
  }

  #refuseOpenTransaction(definition: MessageDefinition): void {
    const unit = activeScope()?.unit;
    if (!unit?.open || unit.module === definition.module) return;
    throw new ContractViolation(
      'LIFTOUT_CALL_IN_TRANSACTION',
      `${unit.module} called ${definition.name} while its transaction is open. Ask before the first use of the ` +
        `database, or send the command with Outbox.send so that it goes out with the commit.`,
    );
  }
}

function keyed(definition: MessageDefinition, message: object): Partial<MessageContext> {
  const scope = currentScope();
  return scope ? childKey(scope, definition, message) : {};
}

async function inSavepoint(unit: Unit, work: () => Promise<CommandResult>): Promise<CommandResult> {
  try {
    return await unit.nested(async () => {
      const outcome = await work();
      if (!outcome.ok) throw new RollbackToSavepoint(outcome);
      return outcome;
    }, true);
  } catch (error) {
    if (error instanceof RollbackToSavepoint) return error.outcome;
    throw error;
  }
}

class RollbackToSavepoint extends Error {
  constructor(readonly outcome: CommandResult) {
    super('undo');
  }
}

function unwrap(outcome: CommandResult): unknown {
  if (outcome.ok) return outcome.result;
  throw DomainError.fromWire(outcome.error);
}

function checkedResult(definition: MessageDefinition, result: unknown): unknown {
  if (!definition.result) return undefined;
  const parsed = definition.result.safeParse(result);
  if (parsed.success) {
    if (definition.kind === 'command') refuseUnstorable(`the result of ${definition.name}`, parsed.data);
    return deepFreeze(parsed.data);
  }
  throw new ContractViolation(
    'LIFTOUT_RESULT_INVALID',
    `${definition.name} answered with something else than its contract says: ${parsed.error.message}`,
  );
}

function checkedError(definition: MessageDefinition, error: DomainError): WireError {
  const details = definition.errors[error.code];
  if (!details) {
    throw new ContractViolation(
      'LIFTOUT_ERROR_UNDECLARED',
      `${definition.name} failed with ${error.code}, which its contract does not name.`,
      {
        cause: error,
      },
    );
  }
  const parsed = details.safeParse(error.details);
  if (!parsed.success)
    throw new ContractViolation(
      'LIFTOUT_ERROR_DETAILS_INVALID',
      `${definition.name}: the details of ${error.code} do not fit: ${parsed.error.message}`,
    );
  refuseUnstorable(`${definition.name}: the details of ${error.code}`, parsed.data);
  const { message, ...wire } = error.toWire();
  return { ...wire, message: storable(message), details: deepFreeze(parsed.data) as Record<string, unknown> };
}

/** The caller stops waiting at its deadline, also in process. What the handler still does is refused at its commit. */
function beforeDeadline<T>(context: MessageContext, work: Promise<T>): Promise<T> {
  const late = () => new Unavailable(`${context.type} did not answer before the deadline.`, 'timeout');
  return context.deadline ? before(context.deadline, work, late) : work;
}
