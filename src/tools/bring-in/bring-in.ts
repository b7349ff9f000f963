import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../../platform/bounded-context.js';
import { contextOptions } from '../../platform/bounded-context.js';
import { OPERATORS } from '../../platform/http/auth/roles.js';
import { BASELINE, recordBelow } from '../boundaries/baseline.js';
import { NONE_YET } from '../boundaries/modules/tree.js';
import type { Violation } from '../boundaries/violation.js';
import { Changes } from '../generate/changes.js';
import { SourceEdit } from '../generate/edit.js';
import type { Project } from '../generate/project.js';
import { textOf } from '../generate/project.js';
import { migration, quoted } from '../generate/templates/migration.js';
import { moduleFiles } from '../generate/templates/module.js';
import { pascal } from '../generate/words.js';
import { fail } from '../lib/cli.js';
import { readModules } from '../lib/load-modules.js';
import type { FormerModule } from './former-module.js';
import { readModule } from './former-module.js';
import { Imports, STAND_INS } from './imports.js';
import { rewritten, withoutUnused } from './rewrite.js';
import { statementsFor } from './schema.js';
import type { FormerSources } from './sources.js';
import { readFormer, Refusals } from './sources.js';
import { standIn } from './stand-ins.js';
import { contextFile, specFile } from './templates.js';

/** What acts on others, or fails at run time, is no work for later. */
const NOT_FOR_LATER = new Set([
  'container',
  'context-of-another',
  'entity-of-another',
  'message-of-another',
  'npm-dev-in-production',
  'npm-unlisted',
  'only-contracts',
  'path-of-another',
  'process-setting',
  'route-of-another',
  'shared-in-database',
  'sql-of-another',
  'unresolvable',
]);

/** An ordinary Nest module on its way to become a bounded context. */
export class BringIn {
  readonly changes: Changes;
  readonly #at = Date.now();
  readonly #former: FormerModule;
  readonly #sources: FormerSources;
  /** Those it needs, as paths from its folder. */
  readonly #standIns: readonly string[];

  /**
   * @param name of the module to be, which was checked
   * @param folder of the Nest module
   * @throws UsageError that names all of what cannot be brought in, with the place of each
   */
  constructor(
    private readonly project: Project,
    readonly name: string,
    folder: string,
  ) {
    this.changes = new Changes(project.root);
    this.#sources = readFormer(folder);
    const refusals = new Refusals();
    const imports = new Imports(this.name, this.#sources, packagesOf(project.root), refusals);
    this.#former = readModule(this.#sources, refusals);
    const texts = new Map(
      [...this.#sources.files.values()].map((file) => [file.fileName, rewritten(file, imports, refusals)]),
    );
    refusals.throwAny(folder);
    const moduleText = texts.get(this.#sources.moduleFile.fileName)!;
    texts.delete(this.#sources.moduleFile.fileName);
    this.#standIns = [...new Set(Object.values(STAND_INS).map(({ file }) => file))].filter((file) =>
      [...texts.values()].some((text) => text.includes(file)),
    );
    this.#write(moduleText, texts);
  }

  #write(moduleText: string, texts: ReadonlyMap<string, string>): void {
    const folder = `modules/${this.name}`;
    const own = Object.entries(moduleFiles(this.name, 'entry', this.project.name));
    for (const [path, text] of own) if (!path.endsWith('.module.ts')) this.changes.add(path, text);
    this.changes.add(`${folder}/contracts/index.ts`, NO_CONTRACTS);
    this.changes.add(
      `${folder}/${this.name}.module.ts`,
      withoutUnused('module.ts', contextFile(this.#context(), moduleText)),
    );
    this.changes.add(`${folder}/${this.name}.spec.ts`, specFile(this.name));
    for (const file of this.#standIns)
      this.changes.add(`${folder}/${file.replace(/js$/, 'ts')}`, standIn(file, this.name, OPERATORS[0]!));
    if (this.#migration) this.changes.add(this.#migration.path, this.#migration.text);
    for (const [path, text] of texts) {
      if (this.changes.paths.includes(`${folder}/${path}`))
        fail(
          `${path} of ${this.#sources.folder} would be in the way: a bounded context has one of its own. Rename it.`,
        );
      this.changes.add(`${folder}/${path}`, text);
    }
    const list = new SourceEdit('src/modules.ts', textOf(this.project, 'src/modules.ts'));
    const type = `${pascal(this.name)}Module`;
    list.import(`../modules/${this.name}/${this.name}.module.js`, type).addToConstant('modules', type);
    this.changes.edit('src/modules.ts', list.text);
    if (this.project.modules.length === 0) this.changes.remove(NONE_YET);
    this.changes.watch(BASELINE);
  }

  #context() {
    const { entities, controllers, providers } = this.#former;
    return { name: this.name, entities, controllers, providers, standIns: this.#standIns, migration: this.#migration };
  }

  /** Before the tables are known, it makes none. */
  get #migration(): ReturnType<typeof migration> | undefined {
    return this.#former.entities.length === 0 ? undefined : this.#migrationOf([], []);
  }

  #migrationOf(up: readonly string[], down: readonly string[]) {
    return migration(this.name, this.name, this.#at, up.map(quoted), down.map(quoted));
  }

  /** Fills the first migration with what the entities need. @throws UsageError when they need more than tables */
  async migrate(): Promise<void> {
    const modules = await readModules();
    const { entities = [] } = modules
      .map((type) => contextOptions(type)!)
      .find(({ name }) => name === this.name) as Context;
    if (entities.length === 0) return;
    const { up, down } = await statementsFor(entities, this.project.platformTables);
    const { path, text } = this.#migrationOf(up, down);
    await this.changes.rewrite(path, text);
  }

  /**
   * Takes what is not clean yet into the baseline.
   * @returns what is left to do
   * @throws UsageError when something of it cannot wait
   */
  async record(): Promise<string> {
    const { root } = this.project;
    const folder = `modules/${this.name}/`;
    // The gate is large, and no other generator asks it.
    const { checkBoundaries } = await import('../boundaries/gate.js');
    const { violations } = await checkBoundaries(root);
    const own = violations.filter(({ file, known }) => file.startsWith(folder) && !known);
    const refused = own.filter(({ rule }) => NOT_FOR_LATER.has(rule));
    if (refused.length > 0) fail(`${refused.map(told).join('\n')}\nNothing was written.`);
    recordBelow(root, folder, violations);
    return this.#left(own);
  }

  #left(own: readonly Violation[]): string {
    const { exports } = this.#former;
    const { left, files } = this.#sources;
    return [
      `${files.size} files of ${this.#sources.folder} are brought in; ${own.length} places are in ${BASELINE}${own.length > 0 ? ':' : '.'}`,
      ...own.map(({ file, line, rule, target }) => `  ${file}:${line}  ${rule}  ${target}`),
      ...(left.length > 0 ? [`Left behind: ${left.join(', ')}.`] : []),
      ...(exports.length > 0
        ? [`Others had ${exports.join(', ')} injected: what they call becomes commands and queries in contracts/.`]
        : []),
      `Say in modules/${this.name}/module.json what it is there for and who owns it. Then step by step: docs/guides/bring-in-a-module.md.`,
    ].join('\n');
  }
}

const NO_CONTRACTS = `/** What others may ask of this module, and what it tells them: nothing yet. */
export {};
`;

const told = ({ file, line, rule, message }: Violation) => `${file}:${line}  ${rule}: ${message}`;

function packagesOf(root: string): ReadonlySet<string> {
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  return new Set(Object.keys(dependencies));
}
