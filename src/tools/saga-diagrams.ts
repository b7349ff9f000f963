import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import { contextOptions } from '../platform/bounded-context.js';
import type { MessageClass } from '../platform/messaging/define.js';
import { examplesOf } from '../platform/messaging/plain/examples.js';
import { diagramOf } from './saga-diagrams/diagram.js';
import type { Examples } from './saga-diagrams/exploration.js';
import { shortName } from './saga-diagrams/exploration.js';
import type { Saga } from '../platform/sagas/saga.js';
import { program, readArguments } from './lib/cli.js';
import { describeAll } from './contracts/describe.js';
import { inventSample } from './contracts/recorded/samples.js';
import { loadModules } from './lib/load-modules.js';
import { inFileOf } from './map/file-of.js';
import { sagasOf } from './map/sagas.js';

const HELP = `
npm run saga-diagrams [-- --check]

Draws every saga from its class into the README of its module, between the markers of the saga.

  --check    changes nothing; fails when a picture is not up to date
`;

/** A saga's section in a README. */
export interface Section {
  file: string;
  saga: string;
  text: string;
}

/** The sections of the sagas of these modules. @throws Error that names the file of a saga that cannot be made or drawn */
export async function sectionsOf(types: readonly Type[]): Promise<Section[]> {
  return (await Promise.all(types.map(sectionsOfModule))).flat();
}

async function sectionsOfModule(type: Type): Promise<Section[]> {
  const context = contextOptions(type)!;
  const { name } = context;
  const draw = (saga: Saga<unknown>) =>
    inFileOf(name, saga.constructor, 'cannot be drawn', () => sectionOf(`modules/${name}/README.md`, saga));
  return await Promise.all((await sagasOf(context)).map(draw));
}

function sectionOf(file: string, saga: Saga<unknown>): Section {
  const undoing = saga.compensations
    .toReversed()
    .map(({ step, undo }) => `\`${shortName(step)}\` by \`${shortName(undo)}\``);
  const undo = undoing.length > 0 ? [`\`undo\`, the latest step first: ${undoing.join(', ')}.`, ''] : [];
  const text = ['```mermaid', diagramOf(saga, examples), '```', '', ...undo].join('\n');
  return { file, saga: saga.name, text };
}

/** The same examples as those of the contracts. */
const examples: Examples = {
  messageOf(type: MessageClass) {
    const sample = inventSample(describeAll([type]).get(type.definition.name)!);
    if (!sample) throw new Error(`Nobody can guess an example of ${type.definition.name}.`);
    return sample;
  },
  valueOf: (schema) => examplesOf(schema)[0],
};

/** Puts a section between its markers, or at the end of a text that has none. */
export function withSection(readme: string, { saga, text }: Section): string {
  const [begin, end] = [`<!-- saga ${saga}: npm run saga-diagrams -->`, `<!-- end of saga ${saga} -->`];
  const section = `${begin}\n\n${text}\n${end}`;
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from === -1 || to === -1) return `${readme.trimEnd()}\n\n${section}\n`;
  return readme.slice(0, from) + section + readme.slice(to + end.length);
}

/**
 * Draws every saga anew.
 *
 * @param check whether nothing is to be written
 * @returns what is said of each picture that is another one now
 */
export async function drawSagas(root: string, modules: readonly Type[], check = false): Promise<string[]> {
  const said: string[] = [];
  for (const section of await sectionsOf(modules)) {
    const path = join(root, section.file);
    const before = existsSync(path) ? readFileSync(path, 'utf8') : `# ${section.saga.split('.')[0]}\n`;
    const after = withSection(before, section);
    if (after === before) continue;
    if (!check) writeFileSync(path, after);
    const state = check ? 'is not up to date. Run "npm run saga-diagrams".' : 'is drawn anew';
    said.push(`${section.file}: the picture of ${section.saga} ${state}\n`);
  }
  return said;
}

await program(import.meta.url, HELP, async (args) => {
  const { flags } = readArguments(args, { check: { type: 'boolean', default: false } });
  const said = await drawSagas(process.cwd(), await loadModules(), flags.check);
  process.stdout.write(said.join(''));
  if (flags.check && said.length > 0) process.exitCode = 1;
});
