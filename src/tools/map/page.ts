import { snapshotPath } from '../contracts/recorded/files.js';
import type { JsonSchema } from '../contracts/schemas/schema.js';
import type { MappedModule, Message } from './atlas.js';
import { mermaidOf } from './picture.js';

const HEAD = `# Modules

Written by \`npm run map\` from the code: change that, not this page. An arrow leads to what a module depends on; it is dashed
where the module only hears events or shares values, and so can do without the other for a while.
`;

const NONE = 'There are no modules yet. Make the first one: `npm run new:module -- billing`.';

/** The content of `docs/modules.md`. */
export function pageOf(modules: readonly MappedModule[]): string {
  if (modules.length === 0) return `${HEAD}\n${NONE}\n`;
  const map = ['```mermaid', mermaidOf(modules), '```', '', 'The same as a picture: [modules.svg](modules.svg).'];
  return `${[HEAD, ...map, ...modules.flatMap(sectionOf)].join('\n')}\n`;
}

function sectionOf(module: MappedModule): string[] {
  const { name, summary, owner, elsewhere, messages, uses, tables, sagas, variables, schedules } = module;
  const asked = messages.filter(({ kind }) => kind !== 'event');
  const published = messages.filter(({ kind }) => kind === 'event');
  const heard = uses.filter(({ kind }) => kind === 'event');
  const sent = uses.filter(({ kind }) => kind !== 'event');
  return [
    '',
    `## ${name}`,
    '',
    `${summary} Owner: \`${owner}\`. ${placeOf(name, elsewhere)}`,
    ...table(['depends on', 'because'], module.dependencies.map(dependencyRow)),
    ...table(['in', 'kind', 'fields', 'answers', 'used by'], asked.map(askedRow)),
    ...table(['in: events of others', 'fields', 'from'], heard.map(heardRow)),
    ...table(['out', 'fields', 'in order by', 'heard by'], published.map(publishedRow)),
    ...table(['out: asked of others', 'kind', 'fields', 'of'], sent.map(sentRow)),
    ...table(
      ['table', 'columns'],
      tables.map(({ name: title, columns }) => [code(title), columns.map((each) => code(each.name)).join(', ')]),
    ),
    ...table(
      ['schedule', 'runs', 'when', 'missed runs'],
      schedules.map(({ name: title, type, text, catchUp }) => [
        code(title),
        code(type),
        text,
        catchUp === 'once' ? 'made up for by one' : 'left out',
      ]),
    ),
    ...table(['variable', 'meaning', 'default'], variables.map(variableRow)),
    ...sagas.flatMap(({ name: saga, text }) => ['', `### Saga \`${saga}\``, '', text.trimEnd()]),
  ];
}

const placeOf = (name: string, elsewhere: string | undefined) =>
  elsewhere
    ? `It lives in another repository: \`${elsewhere}\`. Contracts: [modules/${name}](../modules/${name}).`
    : `Code: [modules/${name}](../modules/${name}).`;

const dependencyRow = ({ module, reason }: MappedModule['dependencies'][number]) => [linkTo(module), reason];
const askedRow = (message: Message) => [
  link(message),
  message.kind,
  fields(message.payload),
  answers(message),
  users(message),
];
const heardRow = (message: Message) => [link(message), fields(message.payload), linkTo(message.owner)];
const sentRow = (message: Message) => [link(message), message.kind, fields(message.payload), linkTo(message.owner)];
const publishedRow = (message: Message) => [link(message), fields(message.payload), code(message.key!), users(message)];

const variableRow = ({ name, meaning, otherwise }: MappedModule['variables'][number]) => {
  if (otherwise === 'required') return [code(name), meaning, 'none: required'];
  return [code(name), meaning, otherwise.value === undefined ? 'unset' : code(JSON.stringify(otherwise.value))];
};

/** To the schema of the message. */
const link = ({ name, owner }: Message) => `[${name}](../${snapshotPath(owner)})`;
const linkTo = (module: string) => `[${module}](#${module})`;
const users = ({ users: names }: Message) => names.map(linkTo).join(', ') || 'nobody';
const code = (text: string) => `\`${text}\``;

/** The names of what is in an object; what may be absent has a question mark. */
function fields({ type, properties = {}, required = [], items }: JsonSchema): string {
  if (type === 'array' && typeof items === 'object') return `list of ${fields(items)}`;
  const names = Object.keys(properties).map((name) => code(required.includes(name) ? name : `${name}?`));
  return names.join(', ') || (typeof type === 'string' && type !== 'object' ? type : '–');
}

function answers({ result, errors = {} }: Message): string {
  const refusals = Object.keys(errors).map((error) => `or ${code(error)}`);
  return [result ? fields(result) : 'done', ...refusals].join(' ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`);
  return ['', ...lines];
}

const cell = (text: string) => text.replaceAll('|', '\\|');
