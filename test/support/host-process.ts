import type { SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { eventually } from '../../src/platform/testing/eventually.js';

/** How long the built application may take until it is ready, also on a busy machine that has to make a database first. */
const READY_MS = 60_000;

/**
 * The environment of a process: what is named here and what modules say that they have in specs, and nothing of the tests'
 * own but where programs and homes are.
 */
export type HostEnv = Readonly<Record<string, string>>;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
  errors: string;
}

/** A process of the application. */
export interface RunningProcess {
  readonly pid: number;
  /** What it has written to standard output so far. */
  output(): string;
  /** And to standard error. */
  errors(): string;
  kill(signal: NodeJS.Signals): void;
  /** Whether it was told to end. */
  told(): boolean;
  /** Resolves when the process has ended, however it did. */
  readonly stopped: Promise<Ended>;
}

/** A process that answers requests. */
export interface HostProcess extends RunningProcess {
  readonly url: string;
}

const alive = new Set<RunningProcess>();

/** Runs a built file of `src/`, such as `main.js` or `tools/db.js`, as a process of its own. */
export function runBuilt(file: string, args: readonly string[], env: HostEnv): RunningProcess {
  const own = { ...inherited(), ...ofModules(), ...env };
  return runProcess(process.execPath, [resolve('dist/src', file), ...args], { env: own });
}

/** Runs any program as a process that is ended with the file of tests, a detached one with all of its group. */
export function runProcess(file: string, args: readonly string[], options: SpawnOptions): RunningProcess {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.errors += chunk));
  const stopped = new Promise<Ended>((resolveEnd) => {
    child.once('close', (code, signal) => {
      alive.delete(running);
      resolveEnd({ ...text, code, signal });
    });
  });
  let told = false;
  const kill = (signal: NodeJS.Signals) => {
    told = true;
    // Nobody could pass this one on to the rest of its group.
    if (options.detached && signal === 'SIGKILL') killGroup(child.pid!);
    else child.kill(signal);
  };
  const running = {
    pid: child.pid!,
    output: () => text.output,
    errors: () => text.errors,
    kill,
    told: () => told,
    stopped,
  };
  alive.add(running);
  return running;
}

/** It may be gone already. */
function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Starts the built application and waits until it is ready.
 *
 * @param env needs `DATA_DIR`; without `PORT` any free one is taken
 * @throws Error with everything the process wrote, when it ends instead or is not ready within a minute
 */
export async function startHost(env: HostEnv): Promise<HostProcess> {
  return await untilReady(runBuilt('main.js', [], { PORT: '0', ...env }));
}

/** Waits until a process of the application is ready. @throws Error like {@link startHost} */
export async function untilReady(running: RunningProcess): Promise<HostProcess> {
  let ended: Ended | undefined;
  void running.stopped.then((end) => (ended = end));
  const look = async () => (ended ? '' : await readyAt(running));
  const url = await eventually(look, 'the host being ready', READY_MS).catch(() => '');
  if (url) return watched({ ...running, url });
  running.kill('SIGKILL');
  const { output, errors, code } = await running.stopped;
  throw new Error(`The host did not start; it ended with ${code}.\n${errors}\n${output}`);
}

/** A host that ends although nobody has told it to says why, among what the tests print. */
function watched(host: HostProcess): HostProcess {
  void host.stopped.then(({ code, signal, errors, output }) => {
    if (!host.told()) process.stderr.write(`The host ended by itself (${code ?? signal}).\n${errors}\n${output}\n`);
  });
  return host;
}

/** Ends whatever still runs, at once. */
export async function killAll(): Promise<void> {
  const left = [...alive];
  for (const running of left) running.kill('SIGKILL');
  await Promise.all(left.map(({ stopped }) => stopped));
}

/** In its log, or above the address of its documents where the log is quieter. */
const ADDRESS = /"url":"(http[^"]+)".*"msg":"ready"|Application +(http\S+)/;

/** The address that the process has printed, once it says that it is ready. */
async function readyAt(running: RunningProcess): Promise<string | undefined> {
  const [, logged, shown] = ADDRESS.exec(running.output()) ?? [];
  const url = logged ?? shown;
  if (url === undefined) return undefined;
  return (await fetch(`${url}/health/ready`)).ok ? url : undefined;
}

/** What modules say that they have in specs: see global-setup.js. */
export function ofModules(): HostEnv {
  return JSON.parse(process.env['SPECS_ENV'] ?? '{}') as HostEnv;
}

function inherited(): HostEnv {
  // The last three are those of Windows, where no socket opens without the first of them.
  const names = ['PATH', 'HOME', 'TMPDIR', 'SystemRoot', 'TEMP', 'TMP'].filter(
    (name) => process.env[name] !== undefined,
  );
  return Object.fromEntries(names.map((name) => [name, process.env[name]!]));
}
