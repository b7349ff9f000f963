import ts from 'typescript';
import type { Edit } from './edits.js';
import type { Refusals } from './sources.js';

/** What a class needs besides what it has, and the edits that make it so. */
interface Injections {
  edits: readonly Edit[];
  /** Whether a class of the file gets a `Database`, or an `EntityManager`. */
  database: boolean;
  manager: boolean;
}

/** A parameter that becomes a getter: what it is called, its type, and where it comes from. */
interface Getter {
  parameter: ts.ParameterDeclaration;
  type: string;
  source: string;
}

const PROPERTY = [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword, ts.SyntaxKind.PublicKeyword];
const HOW =
  'Write it as a property that the constructor declares, as in "@InjectRepository(Thing) private readonly things: Repository<Thing>".';

/**
 * Repositories, managers and data sources that were injected come from the module's `Database` instead: so what they write is
 * part of the transaction of the command that runs. Whoever uses them reads as before.
 */
export function injectionsOf(file: ts.SourceFile, refusals: Refusals): Injections {
  const classes = file.statements.filter(ts.isClassDeclaration).map((type) => injectionsIn(type, refusals));
  return {
    edits: classes.flatMap(({ edits }) => edits),
    database: classes.some(({ database }) => database),
    manager: classes.some(({ manager }) => manager),
  };
}

function injectionsIn(type: ts.ClassDeclaration, refusals: Refusals): Injections {
  const constructor = type.members.find(ts.isConstructorDeclaration);
  const getters = constructor?.parameters.flatMap((parameter) => getterOf(parameter, refusals)) ?? [];
  if (!constructor || getters.length === 0) return { edits: [], database: false, manager: false };
  refuseUnfit(type, constructor, getters, refusals);
  const taken = new Set(type.members.map((member) => member.name?.getText()));
  for (const { name } of constructor.parameters) taken.add(name.getText());
  const field = taken.has('database') ? 'moduleDatabase' : 'database';
  const kept = constructor.parameters.filter((parameter) => !getters.some((each) => each.parameter === parameter));
  const parameters = [`private readonly ${field}: Database`, ...kept.map((parameter) => parameter.getText())];
  const texts = getters.map(
    (getter) =>
      `\n\n${accessOf(getter.parameter)}get ${getter.parameter.name.getText()}(): ${getter.type} {\nreturn this.${field}.${getter.source};\n}`,
  );
  const { parameters: list } = constructor;
  return {
    edits: [
      { from: list.pos, to: list.end, text: parameters.join(', ') },
      { from: constructor.end, to: constructor.end, text: texts.join('') },
    ],
    database: true,
    manager: getters.some((getter) => getter.type === 'EntityManager'),
  };
}

function getterOf(parameter: ts.ParameterDeclaration, refusals: Refusals): Getter[] {
  const type = parameter.type?.getText() ?? '';
  const call = (ts.getDecorators(parameter) ?? []).map(({ expression }) => expression).find(ts.isCallExpression);
  const decorator = call?.expression.getText() ?? '';
  const [entity, connection] = decorator === 'InjectRepository' ? call!.arguments : [];
  if (connection) refusals.add(connection, 'A module has one connection: bring in only what uses it.');
  if (decorator === 'InjectRepository') {
    const wanted = entity && ts.isIdentifier(entity) ? `Repository<${entity.text}>` : '';
    if (type !== wanted || wanted === '') {
      refusals.add(parameter, `${type || 'This'} is no Repository<Entity> of the entity that is injected. ${HOW}`);
      return [];
    }
    return [{ parameter, type, source: `repository(${entity!.getText()})` }];
  }
  const managing =
    ['InjectDataSource', 'InjectEntityManager'].includes(decorator) ||
    (!decorator && /^(?:DataSource|EntityManager)$/.test(type));
  return managing ? [{ parameter, type: 'EntityManager', source: 'manager' }] : [];
}

function refuseUnfit(
  type: ts.ClassDeclaration,
  constructor: ts.ConstructorDeclaration,
  getters: readonly Getter[],
  refusals: Refusals,
): void {
  if (type.heritageClauses?.some(({ token }) => token === ts.SyntaxKind.ExtendsKeyword))
    refusals.add(
      type,
      'A class that extends another one and has repositories injected: let it have them as properties, without "extends".',
    );
  for (const { parameter } of getters) {
    const name = parameter.name.getText();
    if (!parameter.modifiers?.some(({ kind }) => PROPERTY.includes(kind) || kind === ts.SyntaxKind.ReadonlyKeyword))
      refusals.add(parameter, HOW);
    else if (new RegExp(`\\b${name}\\b`).test(constructor.body?.getText() ?? ''))
      refusals.add(parameter, `${name} is used while the class is made: use it in a method.`);
  }
}

function accessOf({ modifiers = ts.factory.createNodeArray() }: ts.ParameterDeclaration): string {
  const access = modifiers.find(({ kind }) => PROPERTY.includes(kind));
  return access ? `${access.getText()} ` : '';
}
