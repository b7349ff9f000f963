import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

const read = (path: string) =>
  ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, /* setParentNodes */ true);

/** What an index exports, with the files that declare it. */
function exportsOf(index: string): { name: string; path: string }[] {
  return read(index)
    .statements.filter(ts.isExportDeclaration)
    .flatMap(({ exportClause, moduleSpecifier }) => {
      const from = (moduleSpecifier as ts.StringLiteral).text.replace(/\.js$/, '.ts');
      const path = posix.join(posix.dirname(index), from);
      return (exportClause as ts.NamedExports).elements.map(({ name, propertyName }) => ({
        name: (propertyName ?? name).text,
        path,
      }));
    });
}

function docOf({ name, path }: { name: string; path: string }): string {
  const declares = (statement: ts.Statement) =>
    ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.some((each) => each.name.getText() === name)
      : (statement as ts.DeclarationStatement).name?.text === name;
  const declaration = read(path).statements.find(declares)!;
  return ts
    .getJSDocCommentsAndTags(declaration)
    .map((each) => each.getText())
    .join('\n');
}

it.each(['src/platform/index.ts', 'src/platform/http/index.ts'])('%s exports nothing without an @example', (index) => {
  const all = exportsOf(index);
  expect(all.length).toBeGreaterThan(10);
  expect(all.filter((each) => !docOf(each).includes('@example')).map(({ name }) => name)).toEqual([]);
});
