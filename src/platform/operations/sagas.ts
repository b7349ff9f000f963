import { Injectable } from '@nestjs/common';
import { NotFound } from '../messaging/errors.js';
import { withoutSecrets } from '../observability/logging.js';
import { Runtime } from '../runtime.js';
import type { Hindrance, OpenSaga, SagaInFull } from '../sagas/open-sagas.js';
import { hindrances, listOpenSagas, readSagas } from '../sagas/open-sagas.js';

/** A timeout is handled within a second, if anybody does. */
const OVERDUE_MS = 60_000;

interface Waiting {
  /** Nothing will change before a person does something. */
  stuck: boolean;
  /** What the instance waits for, each in one line. */
  waitsFor: string[];
}

/** What a person can see of the processes over several modules. */
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

  async #withWaits<S extends OpenSaga>(sagas: readonly S[]): Promise<(S & Waiting)[]> {
    const all = await Promise.all(this.runtime.databases.map(({ pool }) => hindrances(pool, sagas)));
    return sagas.map((saga) => {
      const own = all.flat().filter((each) => each.saga === saga.saga && each.instance === saga.id);
      return { ...saga, ...waitingOf(saga, own) };
    });
  }
}

function waitingOf(saga: OpenSaga, hindered: readonly Hindrance[]): Waiting {
  const overdue = (saga.timeout?.overdueMs ?? 0) > OVERDUE_MS;
  const helpless = saga.status !== 'done' && saga.open.length === 0 && hindered.length === 0 && !saga.timeout;
  const stuck =
    overdue ||
    hindered.some(({ state }) => state === 'dead') ||
    saga.open.some(({ outcome }) => outcome !== 'sent') ||
    (helpless && saga.status === 'compensating');
  const steps = saga.open.map(({ command, outcome }) => stepText(command, outcome, hindered));
  const own = hindered.filter(({ type }) => !saga.open.some(({ command }) => command === type)).map(hindranceText);
  const timeout = saga.timeout
    ? [`timeout ${saga.timeout.name} at ${saga.timeout.at}${overdue ? ', overdue' : ''}`]
    : [];
  const nothing = helpless ? ['an event; no timeout is set'] : [];
  return { stuck, waitsFor: [...steps, ...own, ...timeout, ...nothing] };
}

function stepText(command: string, outcome: string, hindered: readonly Hindrance[]): string {
  const parked = hindered.find(({ type }) => type === command);
  if (parked) return hindranceText(parked);
  if (outcome === 'given_up') return `${command}: given up`;
  return outcome === 'error' ? `${command}: refused` : command;
}

function hindranceText({ type, state, delivery, attempts }: Hindrance): string {
  return `${type}: ${state === 'dead' ? 'dead letter' : `failed ${attempts} times, waits as`} ${delivery}`;
}
