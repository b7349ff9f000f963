import { Injectable } from '@nestjs/common';
import { Conflict, NotFound } from '../messaging/errors.js';
import { withoutSecrets } from '../observability/logging.js';
import { Runtime } from '../runtime/runtime.js';
import type { BlockedBy, OpenSaga, SagaInFull, SagaTimeout } from '../sagas/open-sagas.js';
import { hindrances, listOpenSagas, readSagas } from '../sagas/open-sagas.js';
import { retryTimeouts } from '../sagas/timeout-store.js';
import type { Database } from '../transaction/database.js';
import { transact } from '../transaction/transact.js';
import type { Why } from './actions.js';
import { noteAction } from './actions.js';

/** A timeout is handled within a second, if anybody does. */
const OVERDUE_MS = 60_000;

interface Waiting {
  /** Nothing will change before a person does something. */
  stuck: boolean;
  /** What the instance waits for, each in one line. */
  waitsFor: string[];
}

/** What a person can see of the sagas, and do about their timeouts. */
@Injectable()
export class Sagas {
  constructor(private readonly runtime: Runtime) {}

  /** The instances that are not done: stuck ones first, then those that changed longest ago. */
  async list(limit: number): Promise<(OpenSaga & Waiting)[]> {
    const lists = await Promise.all(this.runtime.databases.map(({ pool }) => listOpenSagas(pool, limit)));
    const found = await this.#withWaits(lists.flat());
    found.sort((a, b) => Number(b.stuck) - Number(a.stuck) || b.quietMs - a.quietMs);
    return found.slice(0, limit);
  }

  /** @throws NotFound */
  async show(id: string): Promise<(SagaInFull & Waiting)[]> {
    const found = await Promise.all(this.runtime.databases.map(({ pool }) => readSagas(pool, id)));
    if (found.flat().length === 0) throw new NotFound('unknown_saga', `There is no saga with the id ${id}.`);
    return await this.#withWaits(found.flat().map((saga) => ({ ...saga, state: withoutSecrets(saga.state) })));
  }

  /**
   * Has the failed timeouts of the instances with this id tried again now, with all their attempts ahead of them.
   * @returns how many
   * @throws NotFound; Conflict when no timeout of theirs has failed
   */
  async retryTimeout(id: string, why: Why): Promise<number> {
    const retried = await this.#retryTimeouts(why, id);
    if (retried > 0) return retried;
    const [saga] = await this.show(id);
    throw new Conflict('no_failed_timeout', `No timeout of ${saga!.saga} ${id} has failed: see show for its state.`);
  }

  /** Has every timeout that failed tried again now. @returns how many */
  async retryAllTimeouts(why: Why): Promise<number> {
    return await this.#retryTimeouts(why);
  }

  async #retryTimeouts(why: Why, id?: string): Promise<number> {
    const retry = (database: Database) =>
      transact(database, async (client) => {
        const count = await retryTimeouts(client, id);
        if (count > 0) await noteAction(client, why, 'retry timeout', id ?? `everything: ${count}`);
        return count;
      });
    const counts = await Promise.all(this.runtime.databases.map(retry));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #withWaits<S extends OpenSaga>(sagas: readonly S[]): Promise<(S & Waiting)[]> {
    const all = await Promise.all(this.runtime.databases.map(({ pool }) => hindrances(pool, sagas)));
    return sagas.map((saga) => {
      const own = all.flat().filter((each) => each.saga === saga.saga && each.instance === saga.id);
      return { ...saga, ...waitingOf(saga, own, (timeout) => this.#timeoutText(saga, timeout)) };
    });
  }

  #timeoutText({ saga }: OpenSaga, timeout: SagaTimeout): string {
    const { name, at, attempts, error } = timeout;
    if (at === null) return `timeout ${name}: dead letter, failed ${attempts} times: ${error}`;
    const known = this.runtime.sagas.find(({ runner }) => runner.saga.name === saga)?.runner.saga.timeouts;
    const notes = [
      ...(isOverdue(timeout) ? ['overdue'] : []),
      ...(known && !known.includes(name) ? ['not known to this version'] : []),
      ...(attempts > 0 ? [`failed ${attempts} times: ${error}`] : []),
    ];
    return [`timeout ${name} at ${at}`, ...notes].join(', ');
  }
}

const isOverdue = ({ overdueMs }: SagaTimeout) => (overdueMs ?? 0) > OVERDUE_MS;

function waitingOf(saga: OpenSaga, hindered: readonly BlockedBy[], textOf: (timeout: SagaTimeout) => string): Waiting {
  const timeouts = [...(saga.timeout ? [saga.timeout] : []), ...saga.timeouts];
  const waits = saga.open.length + hindered.length + timeouts.length > 0;
  const helpless = saga.status !== 'done' && !waits;
  const stuck =
    timeouts.some((timeout) => timeout.at === null || isOverdue(timeout)) ||
    hindered.some(({ state }) => state === 'dead') ||
    saga.open.some(({ outcome }) => outcome !== 'sent') ||
    (helpless && saga.status === 'compensating');
  const steps = saga.open.map(({ command, outcome }) => stepText(command, outcome, hindered));
  const own = hindered.filter(({ type }) => !saga.open.some(({ command }) => command === type)).map(blockedByText);
  const nothing = helpless ? ['an event; no timeout is set'] : [];
  return { stuck, waitsFor: [...steps, ...own, ...timeouts.map(textOf), ...nothing] };
}

function stepText(command: string, outcome: string, hindered: readonly BlockedBy[]): string {
  const parked = hindered.find(({ type }) => type === command);
  if (parked) return blockedByText(parked);
  if (outcome === 'given_up') return `${command}: given up`;
  return outcome === 'error' ? `${command}: refused` : command;
}

function blockedByText({ type, state, delivery, attempts }: BlockedBy): string {
  return `${type}: ${state === 'dead' ? 'dead letter' : `failed ${attempts} times, waits as`} ${delivery}`;
}
