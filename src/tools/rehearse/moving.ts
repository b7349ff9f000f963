import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { EmbeddedServer } from '../../dev/postgres/embedded.js';
import { joinEmbedded } from '../../dev/postgres/embedded.js';
import { moduleUrl } from '../../platform/connection/urls.js';
import { seeded } from '../../platform/transport/fault-injection/seeded.js';
import { variableOf } from '../../topology.js';
import type { Verdict } from './acceptance.js';
import type { Hosts } from './hosts.js';
import type { Part } from './split.js';

const TOOL = fileURLToPath(new URL('../cutover.js', import.meta.url));
const VICTIMS = ['tool', 'application', 'source', 'target'] as const;
const STEPS = ['prepare', 'switch', 'back', 'abort'] as const;
/** About as long as a step takes with the start of the tool: the kill comes within. */
const WITHIN_MS = 4000;
/** For one step, repeated until it is done. */
const STEP_TIMEOUT_MS = 180_000;

type Ran = { code: number | null; output: string; errors: string };

/** A second server beside that of a rehearsal, to which the data of a module goes and from which it comes back. */
export class Moving {
  readonly #joined: EmbeddedServer[] = [];
  readonly #random: () => number;
  readonly #failures: Verdict['failures'] = [];
  #done = 0;
  #over = false;

  private constructor(
    private readonly module: string,
    private readonly folders: { readonly source: string; readonly target: string },
    private readonly admins: readonly [string, string],
    seed: number,
  ) {
    this.#random = seeded(seed);
  }

  /** @param dataDir of the server where the module is, `adminUrl` its administrator */
  static async beside(module: string, dataDir: string, adminUrl: string, seed: number): Promise<Moving> {
    const target = await mkdtemp(join(tmpdir(), 'liftout-target-'));
    const server = await joinEmbedded(target, { fsync: false });
    const moving = new Moving(module, { source: dataDir, target }, [adminUrl, server.adminUrl], seed);
    moving.#joined.push(server);
    return moving;
  }

  /** What processes are given, so that they find the module on either server. */
  get env(): Record<string, string> {
    const list = this.admins.map((admin) => moduleUrl(admin, this.module)).join(' ');
    return { [variableOf(this.module, 'DATABASE_URL')]: list };
  }

  /**
   * Moves it there and back, again and again, while something is killed in each step.
   * @param victim the process of the module
   * @returns ends it, when every step has come to its turn: how many steps were done, and what went wrong
   */
  begin(hosts: Hosts, victim: Part): () => Promise<Verdict> {
    const running = this.#rounds(hosts, victim);
    // Reported by whoever ends it.
    running.catch(() => undefined);
    return async () => {
      this.#over = true;
      await running.catch((error: Error) =>
        this.#failures.push({ name: `cutover of ${this.module}`, why: error.message }),
      );
      return { passed: this.#done, failures: this.#failures };
    };
  }

  async end(): Promise<void> {
    for (const server of this.#joined) await server.leave();
    await rm(this.folders.target, { recursive: true, force: true });
  }

  async #rounds(hosts: Hosts, victim: Part): Promise<void> {
    for (let round = 0; round === 0 || !this.#over; round++)
      for (const [n, step] of STEPS.entries()) {
        await this.#following(step);
        await this.#strike(step, VICTIMS[(n + round) % VICTIMS.length]!, hosts, victim);
        await this.#completed(step);
        this.#done++;
      }
  }

  /** Before a switch everything has to be copied. */
  async #following(step: string): Promise<void> {
    if (step !== 'switch' && step !== 'back') return;
    const look = async () => ((await this.#tool('status')).result as { copying?: string[] }).copying?.length === 0;
    await this.#until(look, 'the copy');
  }

  async #strike(step: string, killed: (typeof VICTIMS)[number], hosts: Hosts, victim: Part): Promise<void> {
    const running = this.#start(step);
    await delay(this.#random() * WITHIN_MS);
    if (killed === 'tool') running.kill();
    if (killed === 'application') await hosts.kill(victim).then(() => hosts.start(victim));
    if (killed === 'source' || killed === 'target') await this.#crash(killed);
    await running.ended;
  }

  /** Repeats a step until it is done, as a person does. What was proven has to be equal. */
  async #completed(step: string): Promise<void> {
    await this.#until(async () => {
      const { result } = await this.#tool(step);
      const report = typeof result === 'object' && 'report' in result ? String(result.report) : 'Proven';
      if (!report.startsWith('Proven')) this.#failures.push({ name: `${step} of ${this.module}`, why: report });
      return true;
    }, step);
  }

  async #until(look: () => Promise<boolean>, what: string): Promise<void> {
    const until = Date.now() + STEP_TIMEOUT_MS;
    for (;;) {
      const failure = await look().then(
        (done) => (done ? undefined : new Error(`${what} does not end`)),
        (error: Error) => error,
      );
      if (!failure) return;
      if (Date.now() > until) throw failure;
      await delay(100);
    }
  }

  async #tool(step: string): Promise<{ result: string | object }> {
    const { code, output, errors } = await this.#start(step).ended;
    if (code === 2 || output === '') throw new Error(`${step}: ${errors.trim()}`);
    return JSON.parse(output) as { result: object };
  }

  #start(step: string): { ended: Promise<Ran>; kill(): void } {
    const to = new URL(this.admins[1]);
    const { password } = to;
    to.password = '';
    const { PATH, HOME, TMPDIR } = process.env;
    const own = { DATA_DIR: this.folders.source, CUTOVER_ADMIN_PASSWORD: decodeURIComponent(password), ...this.env };
    const args = [TOOL, this.module, step, '--to', to.href, '--json'];
    const child = spawn(process.execPath, args, {
      env: { PATH, HOME, TMPDIR, ...own },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ran: Ran = { code: null, output: '', errors: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (ran.output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (ran.errors += text));
    const ended = new Promise<Ran>((resolve) => child.once('close', (code) => resolve({ ...ran, code })));
    return { ended, kill: () => child.kill('SIGKILL') };
  }

  /** SIGKILL to a server; its next start recovers from the log. */
  async #crash(which: 'source' | 'target'): Promise<void> {
    const client = new pg.Client({ connectionString: this.admins[which === 'source' ? 0 : 1] });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ folder: string }>(`SELECT current_setting('data_directory') AS folder`);
    const [pid] = (await readFile(join(rows[0]!.folder, 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGKILL');
    await client.end().catch(() => undefined);
    this.#joined.push(await joinEmbedded(this.folders[which], { fsync: false }));
  }
}
