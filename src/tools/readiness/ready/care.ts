import type { Fact } from '../fact.js';
import { listed, plural } from '../figures.js';
import type { ModuleCode, Project } from '../project.js';
import { textOf, textsIn } from '../project.js';
import { done, note, todo } from './say.js';

/** Who looks after a module, and with what. */
export function careFacts(project: Project, code: ModuleCode): Fact[] {
  const { root } = project;
  return [owner(root, code), runbook(root, code.module), ...watched(root, code.module), configuration(code)];
}

function owner(root: string, { module, owner: named }: ModuleCode): Fact {
  const manifest = `modules/${module}/module.json`;
  if (!named) return todo('owner', 'Nobody owns it.', manifest, `Name an owner in ${manifest}.`);
  const line = (textOf(root, 'CODEOWNERS') ?? '').split('\n').find((each) => each.startsWith(`/modules/${module}/ `));
  if (line?.split(/\s+/)[1] === named) return done('owner', `${named} owns it, and reviews it.`, 'CODEOWNERS');
  const text = `${named} owns it, but CODEOWNERS does not ask them to review it.`;
  return todo('owner', text, 'CODEOWNERS', 'Run npm run boundaries -- --write, and commit what it changes.');
}

function runbook(root: string, module: string): Fact {
  const pages = namesOf(textsIn(root, 'docs/runbooks', /\.md$/), module);
  if (pages.length > 0)
    return done('operations', `${plural(pages.length, 'runbook speaks', 'runbooks speak')} of it.`, pages.join(', '));
  const remedy = `Write docs/runbooks/${module}-….md: what its alarms mean, what to look at, who can decide.`;
  return todo('operations', 'No runbook speaks of it.', 'docs/runbooks', remedy);
}

/** A rule for every module, by a label, watches this one as well. */
const EVERY = /\bby \([^)]*\b(?:module|consumer|saga|to)\b/;

function watched(root: string, module: string): Fact[] {
  const place = 'deploy/observability';
  const rules = [...textsIn(root, place, /\.ya?ml$/)].filter(([path]) => !/\btest\b/.test(path));
  const alarms = rules.flatMap(([path, text]) =>
    text
      .split(/^\s*- alert:/m)
      .slice(1)
      .map((alarm) => ({ path, alarm })),
  );
  const every = alarms.filter(({ alarm }) => EVERY.test(alarm));
  const own = alarms.filter(({ alarm }) => !EVERY.test(alarm) && mentions(alarm, module));
  const boards = [...textsIn(root, place, /\.json$/).keys()];
  const files = [...new Set([...every, ...own].map(({ path }) => path))].join(', ');
  const counted = `${plural(every.length, 'alarm')} by label, ${own.length} by its name.`;
  return [
    files === ''
      ? todo('operations', 'No alarm watches it.', place, 'Add rules for its lag, failures and sagas.')
      : done('operations', `Watched by ${counted}`, files),
    boards.length === 0
      ? todo('operations', 'There is no dashboard.', place, 'Add one that shows it.')
      : done('operations', 'A dashboard shows it, by label or by name.', boards.join(', ')),
  ];
}

const SECRET = /SECRET|TOKEN|PASSWORD|KEY|CREDENTIAL/;

function configuration({ module, variables }: ModuleCode): Fact {
  const role = `Its role may touch the schema ${module} and nothing else.`;
  const names = variables.map(({ name }) => name);
  const secret = names.filter((name) => SECRET.test(name));
  const moved = names.length > 0 ? `It reads ${listed(names)}.` : 'It reads no variable of its own.';
  const kept = secret.length > 0 ? ` Secret by their names: ${listed(secret)}.` : '';
  return note('configuration', `${moved}${kept} ${role}`, `modules/${module}`);
}

const mentions = (text: string, module: string) => new RegExp(`(?<![\\w-])${module}(?![\\w-])`, 'i').test(text);
const namesOf = (texts: ReadonlyMap<string, string>, module: string) =>
  [...texts].filter(([path, text]) => !path.endsWith('README.md') && mentions(text, module)).map(([path]) => path);
