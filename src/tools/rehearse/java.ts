import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { eventually } from '../../platform/testing/eventually.js';

/** Whose pom.xml says what of Kafka there is to fetch. */
const FOLDER = 'test/support/kafka';
const CLASSPATH = join(FOLDER, 'target/classpath');
/** How to fetch it: what Maven has fetched once it keeps. */
export const FETCH_KAFKA = `mvn -B -q -f ${FOLDER}`;
const INSTALL = `Kafka is not there: a real broker is needed. Install Java 17 or later and Maven (Debian, Ubuntu: apt-get install default-jre-headless maven; macOS: brew install openjdk maven), have both in PATH, and run, with a registry: ${FETCH_KAFKA}`;

/** For a short life on a small machine. */
const SMALL = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dlog4j2.level=INFO'];
const READY_WITHIN_MS = 120_000;

/** Whether the files of Kafka are there, as pom.xml has them now. */
export function hasKafka(): boolean {
  if (!existsSync(CLASSPATH) || statSync(CLASSPATH).mtimeMs < statSync(join(FOLDER, 'pom.xml')).mtimeMs) return false;
  return readFileSync(CLASSPATH, 'utf8').split(delimiter).every(existsSync);
}

/** Has Maven fetch them. @returns whether they are there: no without Maven or a registry */
export function fetchKafka(): boolean {
  process.stderr.write(`${FETCH_KAFKA} …\n`);
  const [program, ...options] = FETCH_KAFKA.split(' ');
  return spawnSync(program!, options, { stdio: ['ignore', 2, 2], env: process.env }).status === 0;
}

/** A program of Kafka or its kin, in a process of its own. */
export class JavaProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly log: string,
    private readonly from: number,
  ) {}

  /**
   * Runs the `main` of a class.
   *
   * @param log the file to whose end goes what it says
   * @throws Error that says how to install what is missing
   */
  static async run(main: string, args: readonly string[], log: string): Promise<JavaProcess> {
    if (!hasKafka() && !fetchKafka()) throw new Error(INSTALL);
    const options = [...SMALL, '-cp', readFileSync(CLASSPATH, 'utf8'), main, ...args];
    const file = openSync(log, 'a');
    try {
      const child = spawn('java', options, { stdio: ['ignore', file, file], env: process.env });
      await once(child, 'spawn');
      return new JavaProcess(child, log, fstatSync(file).size);
    } catch {
      throw new Error(INSTALL);
    } finally {
      closeSync(file);
    }
  }

  /** Resolves when it has said a text. @throws Error with its last lines, where it ends before, or says nothing like it in two minutes */
  async says(text: string): Promise<void> {
    const said = await eventually(() => this.#said.includes(text) || this.#hasEnded, 'it', READY_WITHIN_MS).catch(
      () => false,
    );
    if (!said || !this.#said.includes(text)) throw new Error(`It never said "${text}", but:\n${this.#lastLines}`);
  }

  /** Resolves when it has ended by itself. @throws Error with its last lines, unless its work was done */
  async done(): Promise<void> {
    if (!this.#hasEnded) await once(this.child, 'exit');
    if (this.child.exitCode !== 0) throw new Error(this.#lastLines);
  }

  /** @param signal SIGTERM for an orderly end, SIGKILL for a crash */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#hasEnded) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
  }

  get #hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get #said(): string {
    return readFileSync(this.log).subarray(this.from).toString();
  }

  get #lastLines(): string {
    return this.#said.split('\n').slice(-30).join('\n');
  }
}
