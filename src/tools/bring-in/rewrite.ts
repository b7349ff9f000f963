import ts from 'typescript';
import { SourceEdit } from '../generate/edit.js';
import type { Edit } from './edits.js';
import { edited } from './edits.js';
import type { Imports } from './imports.js';
import { injectionsOf } from './injections.js';
import type { Refusals } from './sources.js';
import { parse } from './sources.js';

/** A file of the folder as it is in the module: same code, other imports, and repositories of the module's own database. */
export function rewritten(file: ts.SourceFile, imports: Imports, refusals: Refusals): string {
  const injections = injectionsOf(file, refusals);
  const relations = relationsOf(file);
  const text = edited(file.text, [...imports.editsOf(file), ...injections.edits, ...relations]);
  const more = new SourceEdit(file.fileName, text);
  if (injections.database)
    more.import(`${'../'.repeat(file.fileName.split('/').length)}../src/platform/index.js`, 'Database');
  if (injections.manager) more.import('typeorm', 'EntityManager');
  if (relations.length > 0) more.import('typeorm', 'type Relation');
  return withoutUnused(file.fileName, more.text);
}

const TO_ONE = /^(?:ManyToOne|OneToOne)$/;

/** Entities that name each other: what a decorator notes of a type must not be needed while the other file is not loaded. */
function relationsOf(file: ts.SourceFile): Edit[] {
  const properties = file.statements
    .filter(ts.isClassDeclaration)
    .flatMap(({ members }) => members.filter(ts.isPropertyDeclaration));
  return properties
    .filter((property) => ts.getDecorators(property)?.some((each) => TO_ONE.test(calleeOf(each))))
    .flatMap(({ type }) => (type && ts.isTypeReferenceNode(type) && !type.typeArguments ? [type] : []))
    .map((type) => ({ from: type.getStart(), to: type.end, text: `Relation<${type.getText()}>` }));
}

const calleeOf = ({ expression }: ts.Decorator) =>
  ts.isCallExpression(expression) ? expression.expression.getText() : '';

/** Takes out the names of imports that nothing uses any more. */
export function withoutUnused(path: string, text: string): string {
  const file = parse(path, text);
  const declarations = file.statements.filter(ts.isImportDeclaration);
  const code = edited(
    text,
    declarations.map((each) => ({ from: each.getStart(), to: each.end, text: '' })),
  );
  const isUsed = ({ text: name }: ts.Identifier) =>
    new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`).test(code);
  const edits = declarations.flatMap((declaration): Edit[] => {
    const bindings = declaration.importClause?.namedBindings;
    if (!bindings || !ts.isNamedImports(bindings)) return [];
    const kept = bindings.elements.filter(({ name }) => isUsed(name));
    if (kept.length === bindings.elements.length) return [];
    if (kept.length === 0 && !declaration.importClause.name)
      return [{ from: declaration.getStart(), to: declaration.end + 1, text: '' }];
    return [
      { from: bindings.getStart(), to: bindings.end, text: `{ ${kept.map((each) => each.getText()).join(', ')} }` },
    ];
  });
  return edited(text, edits);
}
