/** PostgreSQL cuts the names of roles here. */
const ROLE_BYTES = 63;
/** `test_` and twelve digits: what specs call their databases. */
const TEST_DATABASE = 17;
/** What a project leaves for the names of modules that are still to come, at least. */
const MODULE_LETTERS = 16;
/** Longer ones are a nuisance, whatever there is room for. */
export const NAME_LETTERS = 30;

/**
 * How long the name of a module may be: its role is called `<project>_<database>_<module>`, and the database like the
 * project, except in specs.
 */
export function moduleLetters(project: string): number {
  const database = Math.max(project.length, TEST_DATABASE);
  return Math.min(NAME_LETTERS, ROLE_BYTES - 2 - project.length - database);
}

/**
 * How long the name of a project may be.
 * @param modules the modules that it has
 */
export function projectLetters(modules: readonly string[]): number {
  const longest = Math.max(MODULE_LETTERS, ...modules.map((module) => module.length));
  const fits = (letters: number) => moduleLetters('x'.repeat(letters)) >= Math.min(longest, NAME_LETTERS);
  return Array.from({ length: NAME_LETTERS }, (_, index) => NAME_LETTERS - index).find(fits) ?? 1;
}

/** Why the name of a module may not be longer. */
export const ROLE = 'its role carries it, and the name of the project twice; PostgreSQL has 63 bytes for that';
/** Why the name of a project may not be longer. */
export const ROLES = 'the role of each module carries it twice; PostgreSQL has 63 bytes for that';
