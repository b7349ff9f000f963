import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { isRefusedLogin } from './failures.js';
import { describeUrl, urlsOf } from './urls.js';

/** How long a connection waits for one of its servers to take writes, in milliseconds: less than a pool waits for it. */
const HOLD_TIMEOUT_MS = 9_000;
const LOOK_INTERVAL_MS = 50;
/** How long an answer of a server further to the front of the list is waited for, once another one takes writes. */
const PRECEDENCE_MS = 500;
/** How long one server is waited for. */
export const ASK_TIMEOUT_MS = 2_000;

/** None of the servers of a list lets this role write. Counts as a lost connection: the same may succeed a moment later. */
class NoServerWritable extends Error {
  override readonly name = 'NoServerWritable';
  readonly code = '25006';
}

/** What one server has answered: it takes writes, it does not (yet), or it cannot be used. */
type Answer = { url: string; writable: boolean; why?: Error };

/**
 * The servers that a module's data may be on, of which one at a time takes its writes: what a list of URLs names. All
 * connections of a process that are given the same list share the choice.
 *
 * - The server used last is asked first, then all at once; where several take writes, the first of the list is used.
 * - While one of them says that it is read-only, in recovery or starting, the others are waited for: that is how a
 *   fail-over or a cut-over looks from here.
 */
export class Servers {
  static readonly #known = new Map<string, Servers>();
  #present: string | undefined;
  #looking: Promise<string | undefined> | undefined;
  /** The last time, or the present one, in which none took writes. */
  #held: { since: number; until?: number } | undefined;

  /** @returns undefined for one URL only: there is nothing to choose */
  static of(list: string | undefined, client: (url: string) => pg.Client): Servers | undefined {
    const urls = urlsOf(list ?? '');
    if (urls.length < 2) return undefined;
    const known = Servers.#known.get(list!) ?? new Servers(urls, client);
    Servers.#known.set(list!, known);
    return known;
  }

  /** @see heldMsOf */
  static heldMs(list: string): number | undefined {
    const known = Servers.#known.get(list);
    if (!known) return undefined;
    const { since, until = performance.now() } = known.#held ?? { since: 0, until: 0 };
    return until - since;
  }

  private constructor(
    readonly urls: readonly string[],
    private readonly client: (url: string) => pg.Client,
  ) {}

  /**
   * The server on which the role of its URL may write; waits for it.
   *
   * @param isOver whether nobody waits any more
   * @param timeoutMs how long it waits, in milliseconds
   * @throws NoServerWritable after that; the connection's error when no server is reachable or lets the role in
   */
  async writable(isOver: () => boolean, timeoutMs = HOLD_TIMEOUT_MS): Promise<string> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      const found = await (this.#looking ??= this.#look(until).finally(() => (this.#looking = undefined)));
      this.#note(found !== undefined);
      if (found) return found;
      if (isOver()) throw new NoServerWritable('The process ends: no connection is made any more.');
      await delay(LOOK_INTERVAL_MS);
    }
  }

  #note(writable: boolean): void {
    const isHeld = this.#held && this.#held.until === undefined;
    if (writable && isHeld) this.#held!.until = performance.now();
    if (!writable && !isHeld) this.#held = { since: performance.now() };
  }

  async #look(until: number): Promise<string | undefined> {
    if (this.#present && (await this.#ask(this.#present)).writable) return this.#present;
    const all = this.urls.map((url) => this.#ask(url));
    const found = await firstWritable(all);
    if (found) return (this.#present = found);
    const answers = await Promise.all(all);
    const hopeless = answers.every(({ why }) => why && !isComing(why));
    if (hopeless) throw answers.find(({ why }) => isRefusedLogin(why))?.why ?? answers[0]!.why!;
    if (performance.now() > until)
      throw new NoServerWritable(`No server takes writes: ${answers.map(said).join('; ')}.`);
    return undefined;
  }

  async #ask(url: string): Promise<Answer> {
    const client = this.client(url);
    try {
      await client.connect();
      const { rows } = await client.query<{ writable: boolean }>(WRITABLE);
      return { url, writable: rows[0]!.writable };
    } catch (why) {
      return { url, writable: false, why: why as Error };
    } finally {
      client.end().catch(() => undefined);
    }
  }
}

/**
 * How long connections were held last time because no server of a list took writes, in milliseconds; or are, while none does.
 * @param list of URLs, as a module has it
 * @returns undefined for one URL only
 */
export const heldMsOf = (list = '') => (urlsOf(list).length < 2 ? undefined : (Servers.heldMs(list) ?? 0));

/** What a new session of the role sees: its own default, that of the database, or that of the server. */
const WRITABLE = `SELECT NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::bool AS writable`;

/** One that is dead must not hold up the others, and one that is only slower must not lose its place. */
async function firstWritable(all: readonly Promise<Answer>[]): Promise<string | undefined> {
  const some = Promise.any(all.map(async (asked) => ((await asked).writable ? true : Promise.reject(new Error('no')))));
  if (!(await some.catch(() => false))) return undefined;
  const over = new AbortController();
  const late = delay(PRECEDENCE_MS, undefined, { signal: over.signal }).catch(() => undefined);
  try {
    for (const asked of all) {
      const answer = await Promise.race([asked, late]);
      if (answer?.writable) return answer.url;
    }
    return undefined;
  } finally {
    over.abort();
  }
}

/** It starts or stops: another moment may tell. */
const isComing = (why: Error) => /^57P0[1-3]$/.test((why as { code?: string }).code ?? '');

function said({ url, why }: Answer): string {
  const code = (why as { code?: string } | undefined)?.code;
  return `${describeUrl(url)} ${why ? `cannot be used (${code ?? why.message})` : 'is read-only for this role'}`;
}
