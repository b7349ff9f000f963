import { expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Words that the glossary has replaced, as parts of names; ordinary words are none of them. */
const RETIRED = /^(?:glance|heed|hindrance|household|overtaken|pulse|rouse|sayings?|spoke|struck)$/;
/** Constants are `MAX_…`, `MIN_…`, `…_TIMEOUT_MS`, `…_INTERVAL_MS`. */
const CONSTANT = /^[A-Z_]*(?:LONGEST|MOST|PATIENCE|SHORTEST)(?:_|$)/;

function isRetired(name: string): boolean {
  const words = name.split(/(?=[A-Z][a-z])|[_#]/).map((word) => word.toLowerCase());
  return CONSTANT.test(name) || words.some((word) => RETIRED.test(word));
}

function namesIn(node: ts.Node): string[] {
  const own = ts.isIdentifier(node) || ts.isPrivateIdentifier(node) ? [node.text] : [];
  const below: string[] = [];
  ts.forEachChild(node, (child) => void below.push(...namesIn(child)));
  return [...own, ...below];
}

const sourcesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
    .map((path) => join(folder, path));

it('tells a retired word in a name', () => {
  expect(['rouseAll', '#spoke', 'MOST_TRACES', 'RETRY_PATIENCE_MS'].filter(isRetired)).toHaveLength(4);
  expect(['almost', 'release', 'MAX_TRACES', 'patienceMs', 'ACCEPTANCE_TIMEOUT_MS'].filter(isRetired)).toEqual([]);
});

it('finds none in the names of the platform and of the tools: docs/glossary.md has the present ones', () => {
  const sources = ['src/platform', 'src/tools'].flatMap(sourcesOf);
  expect(sources.length).toBeGreaterThan(200);
  const found = sources.flatMap((path) => {
    const ast = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);
    return [...new Set(namesIn(ast).filter(isRetired))].map((name) => `${path}: ${name}`);
  });
  expect(found).toEqual([]);
});

/** A title that begins with one of these needs the line above it to be understood. */
const HALF = /^(?:and|but|by|for|from|nor|of|that|to|when|while|who|whose|with|without)\b/;

it('finds no test whose title is half a sentence', () => {
  const isTest = (node: ts.Node): node is ts.CallExpression =>
    ts.isCallExpression(node) && /^(?:it|test)\b/.test(node.expression.getText());
  const halves = (path: string) => {
    const ast = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const title = isTest(node) ? node.arguments[0] : undefined;
      if (title && ts.isStringLiteralLike(title) && HALF.test(title.text)) found.push(`${path}: ${title.text}`);
      ts.forEachChild(node, visit);
    };
    visit(ast);
    return found;
  };
  const specs = ['src', 'modules', 'test'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.spec.ts'))
      .map((path) => join(folder, path)),
  );
  expect(specs.length).toBeGreaterThan(50);
  expect(specs.flatMap(halves)).toEqual([]);
});
