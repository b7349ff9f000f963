import { migrate, type ModuleMigrations } from '../../platform/persistence/migrate.js';
import { provision } from '../../platform/persistence/provision.js';
import { databaseOf } from '../../platform/persistence/urls.js';
import { Flow } from './flow.js';
import { differences, problemsOf, sizeOf, unaware } from './plan.js';
import type { Side } from './side.js';
import { CutoverError, STATE_TABLE } from './side.js';
import { beginState, endState, readState, receiveState, type State } from './state.js';
import { proveLater, switchOver, type Switched } from './switch.js';

/** A module and the two databases between which it moves. */
export class Cutover {
  readonly #out: Flow;
  readonly #back: Flow;

  constructor(
    private readonly source: Side,
    private readonly target: Side,
    private readonly migrations: ModuleMigrations['migrations'],
  ) {
    this.#out = new Flow(source, target, 'out');
    this.#back = new Flow(target, source, 'back');
  }

  /** What would happen and what would stop it; changes nothing. */
  async plan() {
    const state = await readState(this.source, this.target);
    const problems = await problemsOf(this.source, this.target, state !== undefined);
    const sessions = await unaware(this.source, this.target);
    const warnings = sessions.map((session) => `does not know ${this.target.place} yet: ${session}`);
    return { from: this.source.place, to: this.target.place, ...(await sizeOf(this.source)), problems, warnings };
  }

  /** Where it is, and what it has left behind. */
  async status() {
    const state = await readState(this.source, this.target);
    const flows = [this.#out, this.#back];
    const slots: string[] = [];
    for (const flow of flows) if (await flow.hasSlot()) slots.push(`${flow.name} at ${flow.from.place}`);
    const running = state && (state.current === this.source.place ? this.#out : this.#back);
    const progress = running && (await running.isSubscribed()) ? await running.progress() : undefined;
    const frozen = state && !(await this.#isOpen(this.#sideOf(state)));
    return {
      step: stepOf(state, progress),
      inCharge: state?.current ?? null,
      frozen: frozen ?? false,
      ...progress,
      slots,
      report: state?.report ?? null,
    };
  }

  /** Makes role, schema and tables at the target, and begins to copy. */
  async prepare(): Promise<string> {
    const state = await readState(this.source, this.target);
    if (state && state.current !== this.source.place)
      throw new CutoverError(`${state.current} is in charge already: back, or finish.`);
    const problems = await problemsOf(this.source, this.target, state !== undefined);
    if (problems.length > 0) throw new CutoverError(problems.join('\n'));
    if (state) await this.#underWay();
    else await beginState(this.source, this.target);
    if (!(await this.#out.isSubscribed())) await this.#receive();
    await this.#out.begin(true);
    return `${this.target.place} copies. ${this.source.place} is in charge; status tells how far it is.`;
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
    const state = await this.#underWay();
    if (state.current === this.target.place) return { pauseMs: 0, report: await this.#complete(this.#out, this.#back) };
    return await switchOver(this.#out, this.#back);
  }

  /** The source takes over again; nothing that the target has written meanwhile is lost. */
  async back(): Promise<Switched> {
    const state = await this.#underWay();
    if (state.epoch === 0) throw new CutoverError('There was no switch yet: abort takes everything away.');
    if (state.current === this.source.place) return { pauseMs: 0, report: await this.#complete(this.#back, this.#out) };
    return await switchOver(this.#back, this.#out);
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

  #sideOf(state: State): Side {
    return state.current === this.source.place ? this.source : this.target;
  }

  async #isOpen(side: Side): Promise<boolean> {
    const text = `SELECT NOT EXISTS (SELECT FROM pg_db_role_setting JOIN pg_roles r ON r.oid = setrole JOIN pg_database d ON d.oid = setdatabase
                    WHERE rolname = $1 AND datname = $2 AND 'default_transaction_read_only=on' = ANY (setconfig))`;
    return await side.value<boolean>(text, [side.role, databaseOf(side.adminUrl)]);
  }
}

function stepOf(state: State | undefined, progress: { copying: string[] } | undefined): string {
  if (!state) return 'none';
  if (state.epoch > 0) return state.current === state.target ? 'switched' : 'returned';
  if (!progress) return 'preparing';
  return progress.copying.length > 0 ? 'copying' : 'following';
}

/** The login of a role that may not write by default, for the migrations that make its tables. */
function writing(url: string, module: string): string {
  const result = new URL(url);
  result.searchParams.set('options', `-c default_transaction_read_only=off -c search_path=${module}`);
  return result.href;
}
