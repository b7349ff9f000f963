import { contextOptions } from '../../src/platform/bounded-context.js';
import { migrate } from '../../src/platform/persistence/migrate.js';
import { provision, withAdministrator } from '../../src/platform/persistence/provision.js';
import { moduleUrl } from '../../src/platform/persistence/urls.js';
import { createDatabase, dropDatabase, eventually } from '../../src/platform/testing/index.js';
import { Side } from '../../src/tools/cutover/side.js';
import { Cutover } from '../../src/tools/cutover/steps.js';
import { Cluster } from './cluster.js';
import { CountingModule, RaiseCounter } from './counting.js';
import type { Replica } from './replica.js';
import { startReplica } from './replica.js';
import { afterwards } from './stage.js';

const module = 'counting';
const migrations = contextOptions(CountingModule)!.migrations ?? [];
const CLIENTS = 4;
/** Commands of one client on one counter: it has a limit. */
const EACH = 500;

/** The tests' counters on a PostgreSQL of this machine, and an empty database on the tests' server to move to. */
export class Moving {
  private constructor(
    private readonly admins: readonly [string, string],
    readonly logins: readonly [string, string],
  ) {}

  static async begin(): Promise<Moving> {
    const cluster = await Cluster.start('wal_level=logical');
    const admins = [cluster.adminUrl, await createDatabase()] as const;
    afterwards(() => dropDatabase(admins[1]));
    const [from, to] = admins.map((admin) => moduleUrl(admin, module)) as [string, string];
    await withAdministrator(admins[0], (client) => provision(client, [{ module, url: from }]));
    await migrate({ module, url: from, migrations });
    return new Moving(admins, [from, to]);
  }

  /** A process that knows both databases, or only the first. */
  replica(urls = this.logins.join(' ')): Promise<Replica> {
    return startReplica({ urls: new Map([[module, urls]]) }, [CountingModule]);
  }

  /** Connections of an administrator to both, and the cut-over between them, as one run of the tool has. */
  async open(): Promise<Tool> {
    const sides = await Promise.all(this.admins.map((admin, n) => Side.open(module, admin, this.logins[n]!)));
    const [source, target] = sides as [Side, Side];
    const close = async () => void (await Promise.all(sides.map((side) => side.close())));
    return { source, target, cutover: new Cutover(source, target, migrations), close };
  }
}

export interface Tool {
  readonly source: Side;
  readonly target: Side;
  readonly cutover: Cutover;
  close(): Promise<void>;
}

export const said = (side: Side) => side.value<number>('SELECT coalesce(sum(value), 0)::int FROM counting.counter');

/** Waits until the copy is complete and the rest is carried. */
export async function following(cutover: Cutover): Promise<void> {
  await eventually(async () => (await cutover.status()).copying?.length === 0, 'the other side following', 60_000);
}

/** Whether everything that was said was heard, once. */
export async function allHeard(side: Side): Promise<boolean> {
  const [{ times, once }] = (await side.rows<{ times: number; once: number }>(
    `SELECT count(*)::int AS times, count(DISTINCT (counter, value))::int AS once FROM counting.heard`,
  )) as [{ times: number; once: number }];
  return times === once && times === (await said(side));
}

/** Clients that raise counters all the time; any that is refused fails {@link Load.more} and {@link Load.end}. */
export class Load {
  answered = 0;
  longestMs = 0;
  #over = false;
  readonly #run = Math.random();
  readonly #all: Promise<unknown>;

  constructor(private readonly replica: Replica) {
    this.#all = Promise.all(Array.from({ length: CLIENTS }, (_, n) => this.#client(n)));
    this.#all.catch(() => undefined);
  }

  async more(count: number): Promise<void> {
    const wanted = this.answered + count;
    await Promise.race([this.#all, eventually(() => this.answered >= wanted, `${count} answers more`, 60_000)]);
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#all;
  }

  async #client(n: number): Promise<void> {
    for (let i = 0; !this.#over; i++) {
      const since = performance.now();
      const counter = `${this.#run}-${n}-${Math.floor(i / EACH)}`;
      await this.replica.execute(new RaiseCounter({ counter }), `${counter}-${i}`);
      this.longestMs = Math.max(this.longestMs, performance.now() - since);
      this.answered++;
    }
  }
}
