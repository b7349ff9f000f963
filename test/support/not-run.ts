import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { FETCH_KAFKA, hasKafka } from '../../src/tools/rehearse/java.js';
import { hasPackages } from './packages.js';
import { findProgram, howToInstall, isProgram } from './programs.js';

/** What Jest tells a reporter, as far as it matters here. */
interface Results {
  numPassedTests: number;
  numFailedTests: number;
  /** Files that could not be loaded: they hold tests that have shown nothing. */
  numRuntimeErrorTestSuites: number;
  testResults: readonly { testFilePath: string; testResults: readonly { status: string; fullName: string }[] }[];
}

interface Settings {
  /** Whether this is CI, as `CI` or `--ci` say. */
  ci: boolean;
  testNamePattern?: string;
}

interface NotRun {
  file: string;
  tests: number;
}

/**
 * A reporter of Jest. Ends the run with one line that counts, and before it what was not run: which program is missing (see
 * needs.ts), and how to get it. In CI that is a failure.
 */
export default class NotRunReporter {
  #failure: Error | undefined;

  constructor(private readonly settings: Settings) {}

  onRunComplete(_: unknown, results: Results): void {
    const notRun = results.testResults.map((file) => this.#notRun(file)).filter(({ tests }) => tests > 0);
    const missing = byName(notRun);
    if (missing.size > 0 && this.settings.ci) this.#failure = new Error('Not every test was run.');
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const counts = [`${results.numPassedTests} passed`, `${failed} failed`, `${total(notRun)} not run`];
    const lines = [
      ...[...missing].map(([name, { how, files }]) => paragraph(name, how, files)),
      `test: ${counts.join(', ')}\n`,
    ];
    // Behind the summary that Jest prints itself.
    process.once('exit', () => void process.stderr.write(`\n${lines.join('\n')}`));
  }

  /** Jest asks for it: a run with an error is not a success. */
  getLastError(): Error | undefined {
    return this.#failure;
  }

  /** Tests that nobody asked for do not count. */
  #notRun({ testFilePath, testResults }: Results['testResults'][number]): NotRun {
    const wanted = new RegExp(this.settings.testNamePattern ?? '', 'i');
    const skipped = testResults.filter(({ status, fullName }) => /pending|todo/.test(status) && wanted.test(fullName));
    return { file: relative(process.cwd(), testFilePath), tests: skipped.length };
  }
}

const total = (files: readonly NotRun[]) => files.reduce((sum, { tests }) => sum + tests, 0);

/** What is missing, and how to get it. */
interface Missing {
  name: string;
  how: string;
}

function byName(notRun: readonly NotRun[]): Map<string, { how: string; files: NotRun[] }> {
  const missing = new Map<string, { how: string; files: NotRun[] }>();
  for (const each of notRun) {
    for (const { name, how } of missingFor(each.file))
      missing.set(name, { how, files: [...(missing.get(name)?.files ?? []), each] });
  }
  return missing;
}

/** The programs and packages that a spec says it needs, and that are not there. */
function missingFor(file: string): Missing[] {
  const text = readFileSync(file, 'utf8');
  const kafka = /\bneedsKafka\(/.test(text);
  const named = [...quotedIn(text, /\bneeds(?:Kafka)?\(([^)]*)\)/), ...(kafka ? ['java', 'mvn'] : [])];
  const programs = named.filter(isProgram).filter((program) => !findProgram(program));
  const folders = quotedIn(text, /\bneedsPackages\(([^)]*)\)/);
  return [
    ...programs.map((name) => ({ name, how: howToInstall(name) })),
    ...(kafka && programs.length === 0 && !hasKafka()
      ? [{ name: 'Kafka', how: `${FETCH_KAFKA}, with a registry` }]
      : []),
    ...folders
      .filter((folder) => !hasPackages(folder))
      .map((folder) => ({ name: `node_modules in ${folder}`, how: `npm ci --prefix ${folder}, with a registry` })),
  ];
}

function quotedIn(text: string, call: RegExp): string[] {
  const [, list = ''] = call.exec(text) ?? [];
  return [...list.matchAll(/'([^']+)'/g)].map(([, name]) => name!);
}

function paragraph(name: string, how: string, files: readonly NotRun[]): string {
  const specs = files.map(({ file, tests }) => `  ${file} (${tests})\n`);
  return `Not run, as there is no ${name}: ${total(files)} tests.\n${specs.join('')}  Install it: ${how}.\n`;
}
