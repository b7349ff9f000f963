import { snapshotPath } from '../../contracts/recorded/files.js';
import type { Fact } from '../fact.js';
import { listed, plural } from '../figures.js';
import type { ModuleCode, Project } from '../project.js';
import { heardBy, textOf, textsIn } from '../project.js';
import type { Ask, Entry } from './asks.js';
import { done, note, todo } from './say.js';

/** What a module has to do with others: contracts, questions, sagas, copies. */
export function seamFacts(project: Project, code: ModuleCode): Fact[] {
  return [...contracts(project, code), ...sagas(code), ...asks(project, code), ...away(project, code)];
}

const CHECKS = /npm run (?:-s )?(?:check|contracts)\b/;

function contracts({ root, consumers }: Project, { module, messages }: ModuleCode): Fact[] {
  const users = consumers.filter(({ message }) => message.startsWith(`${module}.`));
  if (Object.keys(messages).length === 0) return [done('contracts', 'It publishes no message.', `modules/${module}`)];
  const snapshot = snapshotPath(module);
  const facts = [
    textOf(root, snapshot) === undefined
      ? todo('contracts', 'Nobody knows what its contracts were.', snapshot, 'Run npm run contracts -- update.')
      : done('contracts', 'A snapshot holds the shape of its contracts.', snapshot),
  ];
  const pipelines = [...textsIn(root, '.github/workflows', /\.ya?ml$/), ...pipeline(root)];
  const checked = pipelines.filter(([, text]) => CHECKS.test(text)).map(([path]) => path);
  facts.push(
    checked.length > 0
      ? done('contracts', 'CI fails on a breaking change.', checked.join(', '))
      : todo('contracts', 'No pipeline compares its contracts.', '.github/workflows', 'Have CI run npm run check.'),
  );
  const open = users.filter(({ fields }) => fields === undefined);
  if (open.length > 0)
    facts.push(
      todo(
        'contracts',
        `${listed([...new Set(open.map((each) => each.module))])} ${open.length === 1 ? 'relies' : 'rely'} on all fields of ${plural(open.length, 'message')} of it.`,
        listed(open.map(({ module: user, message }) => `${user}: ${message}`)),
        'Name the fields under consumes in the module.json of each.',
      ),
    );
  else if (users.length > 0)
    facts.push(done('contracts', 'Its consumers name the fields that they need.', 'consumes in their module.json'));
  return facts;
}

function pipeline(root: string): [string, string][] {
  return ['.gitlab-ci.yml', '.ci/run', 'azure-pipelines.yml', 'bitbucket-pipelines.yml', 'Jenkinsfile'].flatMap(
    (path): [string, string][] => {
      const text = textOf(root, path);
      return text === undefined ? [] : [[path, text]];
    },
  );
}

function sagas({ module, sagas: all }: ModuleCode): Fact[] {
  return all.flatMap((saga) => {
    const covered = new Set(saga.compensations.flatMap(({ step, undo }) => [step, undo]));
    const steps = saga.commands.map(({ definition }) => definition.name).filter((name) => !covered.has(name));
    const open = steps.filter((step) => !saga.exceptions.has(step));
    const evidence = `modules/${module}/README.md`;
    const excepted = [...saga.exceptions].map(([step, reason]) => `${step}: ${reason}`);
    if (open.length === 0) {
      const except = excepted.length > 0 ? ` Without one, for a reason: ${excepted.join(' ')}` : '';
      return [done('sagas', `Each step of ${saga.name} has a compensation.${except}`, evidence)];
    }
    const text = `${saga.name} sends ${listed(open)} and has no compensation for ${open.length === 1 ? 'it' : 'them'}.`;
    const remedy = 'Add compensates(…), or withoutCompensation(STEP, REASON), to the saga.';
    return [todo('sagas', text, evidence, remedy)];
  });
}

function asks(project: Project, { module, entries }: ModuleCode): Fact[] {
  const heard = heardBy(project, module);
  const asked = entries.filter((entry) => entry.asks.length > 0);
  // What a handler asks for a route is told with the route.
  const ofRoutes = new Set(asked.flatMap(({ kind, asks: all }) => (kind === 'route' ? all.map(({ at }) => at) : [])));
  const told = asked.filter(({ kind, asks: all }) => kind === 'route' || !all.every(({ at }) => ofRoutes.has(at)));
  const facts = told.map((entry) => asking(entry, heard));
  if (facts.length === 0)
    facts.push(done('asks', 'Every route and handler answers without asking another module.', `modules/${module}`));
  if (heard.size > 0) {
    const copies = [...heard].map(([producer, events]) => `${producer} (${events.length})`);
    facts.push(note('read models', `It keeps what it hears of ${listed(copies)}.`, 'its event handlers'));
  }
  return facts;
}

function asking({ kind, name, at, asks: all }: Entry, heard: ReadonlyMap<string, unknown>): Fact {
  const owners = [...new Set(all.map(({ to }) => to))];
  const text = `${kind === 'route' ? name : `The handler of ${name}`} asks ${owners.map((to) => times(to, all)).join(', ')}.`;
  const evidence = `${at}: ${all.map((ask) => `${ask.message} (${ask.at})`).join(', ')}`;
  if (all.every(({ caught }) => caught)) return note('asks', `${text} It goes on without the answer.`, evidence);
  const known = owners.filter((to) => heard.has(to));
  const copy = known.length > 0 ? ` It hears events of ${listed(known)} already.` : '';
  const remedy = `It is away when ${listed(owners)} ${owners.length === 1 ? 'is' : 'are'}: keep a read model, answer without, or accept it.${copy}`;
  return todo('asks', text, evidence, remedy);
}

function times(to: string, all: readonly Ask[]): string {
  const own = all.filter((ask) => ask.to === to);
  const often = own.length === 1 ? 'once' : own.length === 2 ? 'twice' : `${own.length} times`;
  return `${to} ${often}${own.some(({ repeated }) => repeated) ? ', or more: in a loop or callback' : ''}`;
}

/** Read from the code: who waits for this module, and who only gets something later. */
function away({ modules, consumers }: Project, { module, messages }: ModuleCode): Fact[] {
  const waiting = modules.flatMap(({ module: from, entries }) =>
    entries
      .filter(({ kind, asks: all }) => kind === 'route' && all.some(({ to, caught }) => to === module && !caught))
      .map(({ name }) => `${name} of ${from}`),
  );
  const sent = modules.flatMap(({ module: from, sagas: own }) =>
    own
      .filter((saga) => from !== module && saga.commands.some(({ definition }) => definition.module === module))
      .map((saga) => saga.name),
  );
  const hearing = consumers.filter(({ message }) => messages[message]?.kind === 'event').map((each) => each.module);
  const own = modules.find((each) => each.module === module)!.entries.filter(({ kind }) => kind === 'route').length;
  const parts = [
    own > 0 ? `its own ${plural(own, 'route')} answer 503` : '',
    waiting.length > 0 ? `${listed(waiting)} fail` : 'no route of another module fails',
    sent.length > 0 ? `${listed(sent)} wait for it` : '',
    hearing.length > 0 ? `${listed([...new Set(hearing)])} hear its events later` : '',
  ].filter(Boolean);
  return [
    {
      question: 'cost',
      topic: 'away',
      state: 'figure',
      text: `While it is away: ${parts.join('; ')}.`,
      evidence: 'questions in the code, commands of sagas, consumers of events',
    },
  ];
}
