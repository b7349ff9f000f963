import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import law from './.dependency-cruiser.js';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const built = (file) => new URL(`./dist/src/tools/boundaries/${file}.js`, import.meta.url);

/**
 * The boundaries, while typing: a rule for oxlint and its language server, of the same rules file and the same manifests as
 * `npm run boundaries`. It sees relative imports only; the gate decides. Until the project was built once, it is silent.
 */
const { PathRules } = existsSync(built('law')) ? await import(built('law').href) : {};
const rules = PathRules && new PathRules(law.forbidden);

const imports = {
  meta: { type: 'problem', docs: { description: 'No module reaches into another.' } },
  create(context) {
    const from = relative(ROOT, context.filename).replaceAll('\\', '/');
    const check = ({ source }) => {
      if (!rules || typeof source?.value !== 'string' || !source.value.startsWith('.')) return;
      const to = resolved(from, source.value);
      const wrong = [...rules.broken(from, to).map(({ comment }) => comment), ...undeclared(from, to)];
      for (const message of wrong)
        context.report({ node: source, message: `${message} See docs/guides/boundaries.md.` });
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

/** The source that is meant: `./order.js` is `order.ts`. */
function resolved(from, specifier) {
  const path = join(dirname(from), specifier).replaceAll('\\', '/');
  const source = path.replace(/\.([cm]?)js$/, '.$1ts');
  return existsSync(join(ROOT, source)) ? source : path;
}

function undeclared(from, to) {
  const [module, other] = [from, to].map((path) => /^modules\/([^/]+)\//.exec(path)?.[1]);
  if (!module || !other || module === other || !to.startsWith(`modules/${other}/contracts/`)) return [];
  if (other in dependsOn(module)) return [];
  return [`modules/${module}/module.json does not declare a dependency on ${other}.`];
}

/** Read each time: it may change while the editor is open. */
function dependsOn(module) {
  try {
    return JSON.parse(readFileSync(join(ROOT, 'modules', module, 'module.json'), 'utf8')).dependsOn ?? {};
  } catch {
    return {};
  }
}

export default { meta: { name: 'boundaries' }, rules: { imports } };
