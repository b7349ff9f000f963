import { OperatorError } from '../coded-error.js';
import type { MessageClass, MessageDefinition } from './define.js';
import { definitionOf } from './define.js';

/** What the registry needs to know of a bounded context: see `bounded-context.ts`. */
interface ContextMessages {
  readonly name: string;
  /** Everything exported by its `contracts/`. */
  readonly contracts: Readonly<Record<string, unknown>>;
}

type Handle = (message: never) => Promise<unknown>;

/** Everything that is wrong with the messages of this application, found before it starts. */
export class WiringError extends OperatorError {
  constructor(readonly problems: readonly string[]) {
    super(
      'LIFTOUT_WIRING_INVALID',
      `Invalid module wiring:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
}

/**
 * Knows every message by its wire name and who handles it.
 * @guarantee after {@link verify} every command and query of the contracts of a module that runs here has one handler
 */
export class Registry {
  readonly #classes = new Map<string, MessageClass>();
  readonly #published = new Set<string>();
  readonly #handlers = new Map<string, Handle>();
  readonly #modules = new Set<string>();
  readonly #problems: string[] = [];

  constructor(contexts: readonly ContextMessages[]) {
    for (const { name } of contexts) {
      if (this.#modules.has(name)) this.#problems.push(`two modules are named ${name}`);
      this.#modules.add(name);
    }
    for (const context of contexts) this.#readContracts(context);
  }

  /** The class of a message, by its wire name. */
  classOf(name: string): MessageClass | undefined {
    return this.#classes.get(name);
  }

  /** Every message that is known here. */
  get all(): MessageClass[] {
    return [...this.#classes.values()];
  }

  handlerOf(name: string): Handle | undefined {
    return this.#handlers.get(name);
  }

  /** The commands that `module` handles. */
  commandsOf(module: string): MessageClass[] {
    const own = ({ definition }: MessageClass) => definition.module === module && definition.kind === 'command';
    return [...this.#classes.values()].filter(own);
  }

  has(module: string): boolean {
    return this.#modules.has(module);
  }

  /** Notes the handler of a command or query that runs in `module`. */
  addHandler(module: string, kind: 'command' | 'query', type: unknown, handle: Handle): void {
    const definition = definitionOf(type);
    const name = definition?.name ?? (type as { name?: string })?.name ?? String(type);
    if (definition?.kind !== kind) {
      this.#problems.push(
        `${module} handles ${name} as a ${kind}, but it was not made with define${kind === 'command' ? 'Command' : 'Query'}`,
      );
    } else if (definition.module !== module) {
      this.#problems.push(`${module} handles ${name}, which belongs to ${definition.module}`);
    } else if (this.#handlers.has(name)) {
      this.#problems.push(`${name} has two handlers: keep one`);
    } else {
      this.#note(type as MessageClass, definition);
      this.#handlers.set(name, handle);
    }
  }

  /** Notes that `module` subscribes to an event. */
  addSubscription(module: string, type: unknown): void {
    const definition = definitionOf(type);
    if (!definition) return;
    const { name } = definition;
    if (definition.kind !== 'event') this.#problems.push(`${module} subscribes to ${name}, which is no event`);
    else if (!this.#modules.has(definition.module)) {
      this.#problems.push(
        `${module} subscribes to ${name}, but ${definition.module} is not here: list it in src/modules.ts, in a spec among the neighbours of scenario()`,
      );
    } else if (definition.module !== module && !this.#published.has(name)) {
      this.#problems.push(
        `${module} subscribes to ${name}, which ${definition.module} does not publish in its contracts`,
      );
    }
    this.#note(type as MessageClass, definition);
  }

  /** Notes a problem that was found elsewhere, so that all are told at once. */
  addProblem(problem: string): void {
    this.#problems.push(problem);
  }

  /**
   * @param running the modules that run in this process: their messages need handlers here
   * @throws WiringError that lists everything that is wrong
   */
  verify(running: ReadonlySet<string>): void {
    for (const [name, type] of this.#classes) {
      const { kind, module } = type.definition;
      if (kind === 'event' || !running.has(module) || this.#handlers.has(name)) continue;
      this.#problems.push(`${name} has no handler: add one to the providers of ${module}`);
    }
    if (this.#problems.length > 0) throw new WiringError(this.#problems);
  }

  #readContracts({ name, contracts }: ContextMessages): void {
    for (const exported of Object.values(contracts)) {
      const definition = typeof exported === 'function' ? definitionOf(exported) : undefined;
      if (!definition) continue;
      if (definition.module !== name)
        this.#problems.push(`the contracts of ${name} define ${definition.name}: name it ${name}.…`);
      this.#note(exported as MessageClass, definition);
      if (definition.kind === 'event') this.#published.add(definition.name);
    }
  }

  #note(type: MessageClass, { name }: MessageDefinition): void {
    const known = this.#classes.get(name);
    if (known && known !== type)
      this.#problems.push(`two messages are named ${name}: give one another name or version`);
    this.#classes.set(name, type);
  }
}
