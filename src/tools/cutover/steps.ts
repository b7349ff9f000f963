import { migrate, type ModuleMigrations } from '../../platform/schema/migrate.js';
import { provision } from '../../platform/schema/provision.js';
import { copyOver } from './copy-over.js';
import { type Estimate, estimateOf } from './estimate.js';
import { Flow } from './flow.js';
import { differences, problemsOf, unaware } from './plan.js';
import { strangeness } from './rights.js';
import type { Side } from './side.js';
import { CutoverError, STATE_TABLE } from './side.js';
import { beginState, endState, type Method, readState, receiveState, type State } from './state.js';
import { type Status, statusOf } from './status.js';
import { proveLater, switchOver, type Switched } from './switch.js';

/** What a cut-over would do. */
interface Plan extends Partial<Estimate> {
  from: string;
  to: string;
  method: Method;
  /** What would stop it, each with what to do. */
  problems: string[];
  /** What stops the switch, if it is still so then. */
  warnings: string[];
}

/** A module and the two databases between which it moves. */
export class Cutover {
  readonly #out: Flow;
  readonly #back: Flow;

  constructor(
    private readonly source: Side,
    private readonly target: Side,
    private readonly migrations: ModuleMigrations['migrations'],
    private readonly method: Method = 'logical',
  ) {
    this.#out = new Flow(source, target, 'out');
    this.#back = new Flow(target, source, 'back');
  }

  /** What would happen and what would stop it; changes nothing. */
  async plan(): Promise<Plan> {
    const { source, target } = this;
    const places = { from: source.place, to: target.place };
    const strange = await this.#strange();
    if (strange.length > 0) return { ...places, method: this.method, problems: strange, warnings: [] };
    const state = await readState(source, target);
    const method = state?.method ?? this.method;
    const problems = await problemsOf({ out: this.#out, back: this.#back, method, isUnderWay: state !== undefined });
    const warnings = (await unaware(source, target)).map((each) => `does not know ${target.place} yet: ${each}`);
    return { ...places, method, ...(await estimateOf(source, method)), problems, warnings };
  }

  async #strange(): Promise<string[]> {
    return [...(await strangeness(this.source)), ...(await strangeness(this.target))];
  }

  /** Where it is, and what it has left behind. */
  status(): Promise<Status> {
    return statusOf(this.#out, this.#back);
  }

  /** Makes role, schema and tables at the target, and begins to copy. */
  async prepare(): Promise<string> {
    const { source, target, method } = this;
    const strange = await this.#strange();
    if (strange.length > 0) throw new CutoverError(strange.join('\n'));
    const state = await readState(source, target);
    if (state) await this.#underWay();
    if (state && state.current !== source.place)
      throw new CutoverError(`${state.current} is in charge already: back, or finish.`);
    if (state && state.method !== method)
      throw new CutoverError(`It is prepared with --method ${state.method}: go on with that, or abort first.`);
    const isUnderWay = state !== undefined;
    const problems = await problemsOf({ out: this.#out, back: this.#back, method, isUnderWay });
    if (problems.length > 0) throw new CutoverError(problems.join('\n'));
    if (!state) await beginState(source, target, method);
    if (method === 'copy' || !(await this.#out.isSubscribed())) await this.#receive();
    if (method === 'copy') return `${target.place} is prepared: switch copies. ${source.place} is in charge.`;
    await this.#out.begin(true);
    return `${target.place} copies. ${source.place} is in charge; status tells how far it is.`;
  }

  /** The tables as they are at the source, and empty: what migrations have filled comes with the copy. */
  async #receive(): Promise<void> {
    const { target, source } = this;
    const { module } = source;
    await this.#makeFencedRole();
    await provision(target.client, [{ module, url: target.loginUrl }]);
    const there = await target.value<boolean>('SELECT to_regclass($1) IS NOT NULL', [target.table(STATE_TABLE)]);
    if (!there) await migrate({ module, url: writing(target.loginUrl, module), migrations: this.migrations });
    await receiveState(target);
    const different = await differences(source, target);
    if (different.length > 0)
      throw new CutoverError(
        `The tables are not those that the migrations make: ${different.join(', ')}. abort, and add a migration.`,
      );
    const tables = (await target.tables()).map((table) => target.table(table));
    await target.client.query(`TRUNCATE ${tables.join(', ')}`);
  }

  /** It may not write from its first session on: a process that has the list already must not take it for the current one. */
  async #makeFencedRole(): Promise<void> {
    const { target } = this;
    if (!(await target.value<boolean>('SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)', [target.role])))
      await target.client.query(`CREATE ROLE ${target.id(target.role)} LOGIN`);
    await target.forbid();
  }

  /** The target takes over. */
  async switch(): Promise<Switched> {
    return await this.#takeOver(await this.#underWay(), this.#out, this.#back);
  }

  /** The source takes over again; nothing that the target has written meanwhile is lost. */
  async back(): Promise<Switched> {
    const state = await this.#underWay();
    if (state.epoch === 0) throw new CutoverError('There was no switch yet: abort takes everything away.');
    return await this.#takeOver(state, this.#back, this.#out);
  }

  async #takeOver(state: State, flow: Flow, counter: Flow): Promise<Switched> {
    const { from, to } = flow;
    const isCopy = state.method === 'copy';
    if (state.current !== to.place)
      return await (isCopy ? copyOver(state, from, to) : switchOver(state, flow, counter));
    return { pauseMs: 0, report: isCopy ? state.report! : await this.#complete(flow, counter) };
  }

  /** What a switch that was interrupted after it had been decided has left to do. */
  async #complete(flow: Flow, counter: Flow): Promise<string> {
    await flow.end();
    const { report } = (await readState(this.source, this.target))!;
    return report && (await counter.isSubscribed()) && !(await this.#waits(counter))
      ? report
      : await proveLater(counter);
  }

  async #waits({ to, name }: Flow): Promise<boolean> {
    return !(await to.value<boolean>('SELECT bool_or(subenabled) FROM pg_subscription WHERE subname = $1', [name]));
  }

  /** Ends it with the target in charge: the links go, the former schema stays under another name, read-only. */
  async finish(): Promise<string> {
    const { source, target } = this;
    const state = await this.#underWay();
    if (state.current !== target.place) throw new CutoverError(`${source.place} is in charge: switch first, or abort.`);
    if (!state.report?.startsWith('Proven'))
      throw new CutoverError(`The switch is not proven (${state.report ?? 'no report'}): repeat switch, or go back.`);
    await this.#out.end();
    await this.#back.end();
    await endState(source.client, source);
    const former = `${source.module}_moved`;
    if (await source.hasSchema())
      await source.client.query(`ALTER SCHEMA ${source.id(source.module)} RENAME TO ${source.id(former)}`);
    await endState(target.client, target);
    return `${target.place} has ${source.module}. Its former schema is ${former} at ${source.place}: drop it there when nobody misses it (DROP SCHEMA ${source.id(former)} CASCADE).`;
  }

  /** Ends it with the source in charge: nothing is left of it but the role at the target. */
  async abort(): Promise<string> {
    const { source, target } = this;
    const state = await readState(source, target);
    if (state) await this.#underWay();
    if (state && state.current !== source.place) throw new CutoverError(`${target.place} is in charge: back first.`);
    await this.#out.end();
    await this.#back.end();
    if (state) {
      await target.forbid().catch(() => undefined);
      await target.client.query(`DROP SCHEMA IF EXISTS ${target.id(target.module)} CASCADE`);
      await source.client.query(source.opening);
      await endState(source.client, source);
    }
    return `${source.place} is in charge, and nothing of the cut-over is left.`;
  }

  async #underWay(): Promise<State> {
    const state = await readState(this.source, this.target);
    if (!state) throw new CutoverError('No cut-over is under way: prepare one.');
    if (state.source === this.source.place && state.target === this.target.place) return state;
    throw new CutoverError(`The cut-over that is under way goes from ${state.source} to ${state.target}.`);
  }
}

/** The login of a role that may not write by default, for the migrations that make its tables. */
function writing(url: string, module: string): string {
  const result = new URL(url);
  result.searchParams.set('options', `-c default_transaction_read_only=off -c search_path=${module}`);
  return result.href;
}
