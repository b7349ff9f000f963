import { posix } from 'node:path';
import ts from 'typescript';
import type { Edit } from './edits.js';
import type { FormerSources, Refusals } from './sources.js';

/** Packages that decide for the whole application, and the files that stand for them in the module. */
export const STAND_INS: Readonly<Record<string, { file: string; names: readonly string[] }>> = {
  '@nestjs/event-emitter': {
    file: 'stand-ins/event-emitter.js',
    names: ['EventEmitter2', 'OnEvent', 'EventEmitterModule'],
  },
  eventemitter2: { file: 'stand-ins/event-emitter.js', names: ['EventEmitter2'] },
  '@nestjs/schedule': {
    file: 'stand-ins/schedule.js',
    names: ['Cron', 'CronExpression', 'Interval', 'Timeout', 'ScheduleModule'],
  },
};
/** What `injections.ts` replaces. */
const TYPEORM = ['InjectRepository', 'InjectDataSource', 'InjectEntityManager', 'TypeOrmModule'];
const INSTEAD: Readonly<Record<string, string>> = {
  'class-validator':
    'no ValidationPipe checks it here. Say what is allowed as a schema of zod, as in @Body({ schema: NewThing }), or check it in the service',
  'class-transformer': 'it changes nothing here. Convert by hand',
  '@nestjs/config': 'variables are said by defineConfig, see docs/guides/configuration.md',
  '@nestjs/axios': 'call by fetch, see docs/guides/outside-calls.md',
  '@nestjs/passport': 'the platform knows who asks: @AllowRoles and @Public say who may, see docs/guides/security.md',
  '@nestjs/jwt': 'the platform knows who asks: @AllowRoles and @Public say who may, see docs/guides/security.md',
};

export type Reference = ts.ImportDeclaration | ts.ExportDeclaration;

/** What each import of a file becomes; what cannot be resolved here is refused. */
export class Imports {
  /**
   * @param module what the module is called from now on
   * @param packages that the project has
   */
  constructor(
    private readonly module: string,
    private readonly sources: FormerSources,
    private readonly packages: ReadonlySet<string>,
    private readonly refusals: Refusals,
  ) {}

  editsOf(file: ts.SourceFile): Edit[] {
    this.#refuseCalls(file);
    return file.statements.filter(isReference).flatMap((reference) => this.#editsOf(file, reference));
  }

  #editsOf(file: ts.SourceFile, reference: Reference): Edit[] {
    const { text, specifier } = specifierOf(reference);
    const found = text.startsWith('.') ? this.#fileOf(file, text) : this.#packageOf(reference, text);
    if (found === undefined) return [];
    const isFile = text.startsWith('.') || text in STAND_INS;
    const target = isFile ? relativeTo(file.fileName, this.#renamed(found)) : found;
    const edits = target === text ? [] : [{ from: specifier.getStart(), to: specifier.end, text: `'${target}'` }];
    return text.startsWith('.') ? [...edits, ...this.#typesOf(reference, found)] : edits;
  }

  /** The file of the module is called like the module. */
  #renamed(path: string): string {
    const former = this.sources.moduleFile.fileName.replace(/ts$/, 'js');
    return path === former ? `${this.module}.module.js` : path;
  }

  /** @returns the path from the folder, as it is imported; undefined where that was refused */
  #fileOf(file: ts.SourceFile, text: string): string | undefined {
    const path = posix.join(posix.dirname(file.fileName), text).replace(/\.js$/, '');
    const found = [`${path}.ts`, `${path}/index.ts`, path].find((each) => this.sources.files.has(each));
    if (found !== undefined) return found.replace(/ts$/, 'js');
    const node = file.statements.filter(isReference).find((each) => specifierOf(each).text === text)!;
    const outside = path.startsWith('..');
    this.refusals.add(
      node,
      outside
        ? `${text} lies outside of the folder. Move what is needed of it in; of another module, put an abstract class with what is needed into the folder and provide it there.`
        : `${text} is no code that is brought in: take the import out.`,
    );
    return undefined;
  }

  #packageOf(reference: Reference, text: string): string | undefined {
    const name = text.split('/', text.startsWith('@') ? 2 : 1).join('/');
    const advice = INSTEAD[name];
    const known = text === '@nestjs/typeorm' ? TYPEORM : STAND_INS[text]?.names;
    if (known) {
      const other = namesOf(reference).find((each) => !known.includes(each));
      if (other === undefined) return STAND_INS[text]?.file;
      this.refusals.add(
        reference,
        `${other} of ${text} has nothing that stands for it: do without it, then bring the module in.`,
      );
    } else if (advice) this.refusals.add(reference, `${text}: ${advice}.`);
    else if (!text.startsWith('node:') && !this.packages.has(name))
      this.refusals.add(reference, `${text} is no package of this project: npm install ${name}, or do without it.`);
    return known || advice ? undefined : text;
  }

  /** An interface is nothing at run time, and the compiler looks at one file at a time. */
  #typesOf(reference: Reference, path: string): Edit[] {
    const target = this.sources.files.get(path.replace(/js$/, 'ts'))!;
    const types = target.statements
      .filter((each) => ts.isInterfaceDeclaration(each) || ts.isTypeAliasDeclaration(each))
      .map(({ name }) => name.text);
    return elementsOf(reference)
      .filter((element) => !element.isTypeOnly && types.includes((element.propertyName ?? element.name).text))
      .map((element) => ({ from: element.getStart(), to: element.getStart(), text: 'type ' }));
  }

  #refuseCalls(file: ts.SourceFile): void {
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node)) {
        if (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require')
          this.refusals.add(node, 'Import it at the top of the file.');
        if (node.expression.getText().endsWith('.createQueryRunner'))
          this.refusals.add(node, 'A query runner goes past the transaction of a command: use manager.transaction(…).');
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
}

/** Whether a statement takes something from another file. */
export const isReference = (statement: ts.Statement): statement is Reference =>
  ts.isImportDeclaration(statement) || (ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined);

function specifierOf(reference: Reference): { text: string; specifier: ts.StringLiteral } {
  const specifier = reference.moduleSpecifier as ts.StringLiteral;
  return { text: specifier.text, specifier };
}

/** What it takes by name. */
export function elementsOf(reference: Reference): readonly (ts.ImportSpecifier | ts.ExportSpecifier)[] {
  const bindings = ts.isImportDeclaration(reference) ? reference.importClause?.namedBindings : reference.exportClause;
  return bindings && (ts.isNamedImports(bindings) || ts.isNamedExports(bindings)) ? bindings.elements : [];
}

const namesOf = (reference: Reference) =>
  elementsOf(reference).map((element) => (element.propertyName ?? element.name).text);

/** As a file of the folder imports another one of it. */
export function relativeTo(from: string, target: string): string {
  const path = posix.relative(posix.dirname(from), target);
  return path.startsWith('.') ? path : `./${path}`;
}
