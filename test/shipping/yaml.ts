import { CORE_SCHEMA, loadAll, mergeTag } from 'js-yaml';
import { readFile } from 'node:fs/promises';

/** The documents of a YAML file, merge keys resolved. */
export async function readYaml<T>(path: string): Promise<T[]> {
  return parseYaml(await readFile(path, 'utf8'), path);
}

/** The same, of a text. @param filename for what is said of mistakes */
export function parseYaml<T>(text: string, filename: string): T[] {
  return loadAll(text, { schema: CORE_SCHEMA.withTags(mergeTag), filename }) as T[];
}
