import { setTimeout as delay } from 'node:timers/promises';

/** Longer than any request that Kafka is asked to answer late. */
const ANSWER_MS = 10_000;

interface Client {
  close(): unknown;
}

/**
 * One client of Kafka at a time. After a failure the next use gets another one, which knows nothing of what the cluster
 * looked like before: another leader, another topic of the same name, a broker that never answered.
 */
export class Link<C extends Client> {
  #client: C | undefined;
  readonly #uses = new Map<C, number>();
  readonly #lost = new Set<C>();

  constructor(private readonly make: () => C) {}

  /** @throws what `work` throws; Error when it takes longer than ten seconds */
  async use<T>(work: (client: C) => Promise<T>): Promise<T> {
    const client = (this.#client ??= this.make());
    this.#uses.set(client, (this.#uses.get(client) ?? 0) + 1);
    try {
      return await answered(work(client));
    } catch (error) {
      if (this.#client === client) this.#client = undefined;
      this.#lost.add(client);
      throw error;
    } finally {
      this.#uses.set(client, this.#uses.get(client)! - 1);
      this.#clear(client);
    }
  }

  close(): void {
    const client = this.#client;
    this.#client = undefined;
    if (!client) return;
    this.#lost.add(client);
    this.#clear(client);
  }

  /** A lost client is closed as soon as nobody uses it any more. */
  #clear(client: C): void {
    if (this.#uses.get(client)! > 0 || !this.#lost.delete(client)) return;
    this.#uses.delete(client);
    void Promise.resolve(client.close()).catch(() => undefined);
  }
}

async function answered<T>(work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = delay(ANSWER_MS, undefined, { signal: over.signal }).then(() => {
    throw new Error(`no answer from Kafka within ${ANSWER_MS / 1000} seconds`);
  });
  late.catch(() => undefined);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}
