import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import type { Type } from '@nestjs/common';
import pg from 'pg';
import { contextOptions } from '../../src/platform/bounded-context.js';
import { migrate } from '../../src/platform/schema/migrate.js';
import { provision, withAdministrator } from '../../src/platform/schema/provision.js';
import { moduleUrl } from '../../src/platform/connection/urls.js';
import { eventually } from '../../src/platform/testing/index.js';
import { Side } from '../../src/tools/cutover/side.js';
import type { Method } from '../../src/tools/cutover/state.js';
import { Cutover } from '../../src/tools/cutover/steps.js';
import { Cluster } from './cluster.js';
import { CountingModule, RaiseCounter } from './counting.js';
import type { Replica } from './replica.js';
import { startReplica } from './replica.js';
import { emptyDatabase } from './stage.js';

const module = 'counting';
const CLIENTS = 4;
/** Commands of one client on one counter: it has a limit. */
const EACH = 500;

/** The tests' counters in one database, and an empty one to move to. */
export class Moving {
  private constructor(
    readonly admins: readonly [string, string],
    readonly logins: readonly [string, string],
    readonly method: Method,
    private readonly what: Type = CountingModule,
  ) {}

  /** From a PostgreSQL of this machine to the tests' server. */
  static async begin(): Promise<Moving> {
    return await Moving.between((await Cluster.start('wal_level=logical')).adminUrl, await emptyDatabase());
  }

  /** @param from administrator's URL of an empty database, as `to` is */
  static async between(
    from: string,
    to: string,
    method: Method = 'logical',
    what: Type = CountingModule,
  ): Promise<Moving> {
    const { name: module, migrations = [] } = contextOptions(what)!;
    const logins = [moduleUrl(from, module), moduleUrl(to, module)] as const;
    await withAdministrator(from, (client) => provision(client, [{ module, url: logins[0] }]));
    await migrate({ module, url: logins[0], migrations });
    return new Moving([from, to], logins, method, what);
  }

  /** With another administrator than the one who made it. @param role of the module, as it is at the source */
  static known(from: string, to: string, role: string): Moving {
    return new Moving(
      [from, to],
      [Object.assign(new URL(from), { username: role }).href, moduleUrl(to, module)],
      'copy',
    );
  }

  /** A process that knows both databases, or only the first. */
  replica(urls = this.logins.join(' ')): Promise<Replica> {
    return startReplica({ urls: new Map([[module, urls]]) }, [CountingModule]);
  }

  /** Connections of an administrator to both, and the cut-over between them, as one run of the tool has. */
  async open(): Promise<Tool> {
    const { name, migrations = [] } = contextOptions(this.what)!;
    const sides = await Promise.all(this.admins.map((admin, n) => Side.open(name, admin, this.logins[n]!)));
    const [source, target] = sides as [Side, Side];
    const close = async () => void (await Promise.all(sides.map((side) => side.close())));
    return { source, target, cutover: new Cutover(source, target, migrations, this.method), close };
  }
}

/**
 * An administrator who is no superuser, with an empty database of its own on the server of `superuser`.
 * @param rights as the attributes of its role, such as `CREATEROLE REPLICATION`
 */
export async function administrator(superuser: string, rights: string): Promise<string> {
  const name = `mover_${randomBytes(4).toString('hex')}`;
  const url = Object.assign(new URL(superuser), { username: name, password: 'of-the-mover', pathname: `/${name}` });
  await asSuperuser(superuser, `CREATE ROLE ${name} LOGIN ${rights} PASSWORD '${url.password}'`);
  await asSuperuser(superuser, `CREATE DATABASE ${name} OWNER ${name}`);
  return url.href;
}

export async function asSuperuser(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** There, back and there again under load. @returns the longest that a client waited, in milliseconds */
export async function thereAndBack(moving: Moving): Promise<number> {
  const { cutover, source, target, close } = await moving.open();
  const replica = await moving.replica();
  const load = new Load(replica);
  try {
    await load.more(50);
    await cutover.prepare();
    for (const [step, side] of [
      ['switch', target],
      ['back', source],
      ['switch', target],
    ] as const) {
      if (moving.method === 'logical') await following(cutover);
      expect((await cutover[step]()).report).toMatch(/^Proven (by the snapshot|before the switch)/);
      await load.more(50);
      expect(await cutover.status()).toMatchObject({ inCharge: side.place, frozen: false, problems: [] });
    }
    await load.end();
    expect(await said(target)).toBe(load.answered);
    await eventually(() => allHeard(target), 'everything being heard once', 60_000);
    await cutover.finish();
    expect(await cutover.status()).toMatchObject({ step: 'none', slots: [], problems: [] });
    return load.longestMs;
  } finally {
    await replica.stop();
    await close();
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
