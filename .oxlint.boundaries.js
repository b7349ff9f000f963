import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import law from './.dependency-cruiser.js';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const built = (file) => new URL(`./dist/src/tools/boundaries/${file}.js`, import.meta.url);

/**
 * The boundaries, while typing: rules for oxlint and its language server, of the same rules file, manifests and checks as
 * `npm run boundaries`. They see one file at a time, and no aliases; the gate decides. Until the project was built once,
 * they are silent.
 */
const { PathRules } = existsSync(built('references/law')) ? await import(built('references/law').href) : {};
const { violationsIn } = existsSync(built('one-file')) ? await import(built('one-file').href) : {};
const rules = PathRules && new PathRules(law.forbidden);

const imports = {
  meta: { type: 'problem', docs: { description: 'No module reaches into another.' } },
  create(context) {
    const from = pathOf(context);
    const known = baselineOf(from);
    const check = ({ source }) => {
      const to = rules && typeof source?.value === 'string' ? resolved(from, source.value) : undefined;
      if (to === undefined) return;
      for (const { name, comment } of [...broken(from, to), ...undeclared(from, to)])
        if (!known(name, to)) context.report({ node: source, message: told(comment) });
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};

const text = {
  meta: { type: 'problem', docs: { description: 'No module reaches another without an import either.' } },
  create(context) {
    const path = pathOf(context);
    if (!violationsIn || !/^(?:src|modules)\//.test(path)) return {};
    const known = baselineOf(path);
    return {
      Program() {
        for (const { rule, line, target, message } of violationsIn(ROOT, path, context.sourceCode.text))
          if (!known(rule, target)) context.report({ loc: { line, column: 0 }, message: told(message) });
      },
    };
  },
};

function pathOf({ filename }) {
  return relative(ROOT, filename).replaceAll('\\', '/');
}

function told(message) {
  return `${message} See docs/guides/boundaries.md.`;
}

/** The source that is meant: `./order.js` is `order.ts`. Of a package, any file in it. */
function resolved(from, specifier) {
  if (isBuiltin(specifier)) return specifier.replace(/^node:/, '');
  if (/^[#/]/.test(specifier) || specifier.includes(':')) return undefined;
  if (!specifier.startsWith('.')) return `node_modules/${packageOf(specifier)}/index.js`;
  const path = join(dirname(from), specifier).replaceAll('\\', '/');
  const source = path.replace(/\.([cm]?)js$/, '.$1ts');
  return existsSync(join(ROOT, source)) ? source : path;
}

function packageOf(specifier) {
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)[0];
}

/** Without a system outside that the manifest names. */
function broken(from, to) {
  const { outside = {} } = manifestOf(moduleOf(from));
  const named = packageOf(to.replace(/^node_modules\//, '')) in outside;
  return rules.broken(from, to).filter(({ name }) => name !== 'own-database-only' || !named);
}

function undeclared(from, to) {
  const [module, other] = [moduleOf(from), moduleOf(to)];
  if (!module || !other || module === other || !to.startsWith(`modules/${other}/contracts/`)) return [];
  if (other in (manifestOf(module).dependsOn ?? {})) return [];
  const comment = `modules/${module}/module.json does not declare a dependency on ${other}.`;
  return [{ name: 'undeclared-dependency', comment }];
}

function moduleOf(path) {
  return /^modules\/([^/]+)\//.exec(path)?.[1];
}

function manifestOf(module) {
  return json(`modules/${module}/module.json`) ?? {};
}

/** What the baseline knows of a file is no news. */
function baselineOf(path) {
  const entries = (json('boundaries-baseline.json')?.known ?? []).filter(({ file }) => file === path);
  return (rule, target) => entries.some((entry) => entry.rule === rule && entry.target === target);
}

/** Read each time: it may change while the editor is open. */
function json(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
  } catch {
    return undefined;
  }
}

export default { meta: { name: 'boundaries' }, rules: { imports, text } };
