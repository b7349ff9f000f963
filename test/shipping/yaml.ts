import { CORE_SCHEMA, loadAll, mergeTag } from 'js-yaml';
import { readFile } from 'node:fs/promises';

/** The documents of a YAML file, merge keys resolved. */
export async function readYaml<T>(path: string): Promise<T[]> {
  return loadAll(await readFile(path, 'utf8'), { schema: CORE_SCHEMA.withTags(mergeTag), filename: path }) as T[];
}
