import type { Fact } from '../fact.js';
import { bytes, listed, plural } from '../figures.js';
import type { ModuleCode, Project } from '../project.js';
import { done, note, todo, unknown } from './say.js';
import type { SchemaFacts } from './schema.js';

/** What a subscription copies in a second, about: assumed, and said so. */
const COPY_BYTES_PER_S = 20e6;

/** What moves with a module. @param measured its schema, where a database was looked at */
export function dataFacts(project: Project, code: ModuleCode, measured: SchemaFacts | undefined): Fact[] {
  return [
    ...tables(project, code),
    measured ? size(measured) : noDatabase(),
    ...(measured ? found(code, measured) : []),
  ];
}

function tables({ modules }: Project, { module, tables: own }: ModuleCode): Fact[] {
  const evidence = `migrations of modules/${module}`;
  if (typeof own === 'string') return [unknown('data', own, 'Look at the database: set DATABASE_URL.')];
  if (own.length === 0) return [done('data', 'It has no table of its own.', evidence)];
  const keyless = own.filter(({ keyed }) => !keyed).map(({ name }) => name);
  const pointing = modules.flatMap((other) =>
    other.module === module || typeof other.tables === 'string'
      ? []
      : other.tables.flatMap(({ name, columns }) =>
          columns
            .filter(({ definition }) => new RegExp(`\\bREFERENCES\\s+"?${module}"?\\s*\\.`, 'i').test(definition))
            .map((column) => `${other.module}.${name}.${column.name}`),
        ),
  );
  const keys =
    keyless.length > 0
      ? todo(
          'data',
          `${plural(keyless.length, 'table')} without a primary key: ${listed(keyless)}.`,
          evidence,
          'Add a primary key, or REPLICA IDENTITY FULL, by a migration: changes of its rows cannot be replicated.',
        )
      : done('data', `Each of its ${plural(own.length, 'table')} has a key.`, evidence);
  const dangling =
    pointing.length > 0
      ? todo(
          'data',
          `${listed(pointing)} would dangle.`,
          'migrations of the others',
          'Drop the constraint; keep the id.',
        )
      : done('data', 'No other module’s table refers to one of its own.', 'migrations of the others');
  return [keys, dangling];
}

function size({ place, bytes: all, rows }: SchemaFacts): Fact {
  const seconds = Math.ceil(all / COPY_BYTES_PER_S);
  const copying = seconds < 120 ? plural(Math.max(1, seconds), 'second') : plural(Math.ceil(seconds / 60), 'minute');
  const text =
    `${bytes(all)} in about ${plural(rows, 'row')}, outbox included. A cut-over copies it in ${copying} while it runs ` +
    `(estimated, at ${bytes(COPY_BYTES_PER_S)} a second), then pauses for seconds.`;
  return note('data', text, place);
}

function found({ module }: ModuleCode, { place, keyless, dangling, unreplicable }: SchemaFacts): Fact[] {
  const facts: Fact[] = [];
  if (keyless.length > 0)
    facts.push(
      todo(
        'data',
        `There are tables without a replica identity: ${listed(keyless)}.`,
        place,
        'Add a primary key by a migration.',
      ),
    );
  if (dangling.length > 0)
    facts.push(
      todo(
        'data',
        `Outside of its schema ${listed(dangling)} would dangle.`,
        place,
        `Remove what refers to ${module} there.`,
      ),
    );
  if (unreplicable.length > 0)
    facts.push(todo('data', `${listed(unreplicable)} cannot be replicated.`, place, 'Change it by a migration.'));
  return facts;
}

const noDatabase = () =>
  unknown(
    'data',
    'No database was looked at: sizes are unknown.',
    'Start the application once, or set DATABASE_URL or DATABASE_ADMIN_URL.',
  );
