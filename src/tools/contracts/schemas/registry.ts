import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { schemaOf } from '../../../platform/transport/asyncapi/schemas.js';
import type { ContextContracts } from '../describe.js';
import { messagesOf } from '../describe.js';

/**
 * Writes the JSON Schema of the payload of each message of some modules, each complete in itself.
 *
 * @param folder is made where it is missing
 * @returns the names of the files: the wire name of a message, and `.json`
 */
export function writeSchemas(contexts: readonly ContextContracts[], folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return contexts.flatMap((context) =>
    [...messagesOf(context)].map(([name, { type }]) => {
      const schema = { $schema: 'http://json-schema.org/draft-07/schema#', title: name, ...schemaOf(type.definition) };
      writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(schema, null, 2)}\n`);
      return `${name}.json`;
    }),
  );
}
