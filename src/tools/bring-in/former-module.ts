import ts from 'typescript';
import type { FormerSources, Refusals } from './sources.js';
import { moduleClassIn } from './sources.js';

/** What the `@Module` of a folder says, as it is written there. */
export interface FormerModule {
  entities: readonly string[];
  controllers: readonly string[];
  providers: readonly string[];
  /** What other modules have injected of it. */
  exports: readonly string[];
}

/** What a bounded context has, or gets a stand-in for. */
const DROPPED = /^(?:ScheduleModule|EventEmitterModule|CqrsModule)\b/;
const FEATURE = /^TypeOrmModule\.forFeature$/;
const INSTEAD: readonly [RegExp, string][] = [
  [
    /^TypeOrmModule\b/,
    'A module has one connection, and the platform opens it: leave TypeOrmModule.forFeature([…]) only.',
  ],
  [/^ConfigModule\b/, 'Take it out: what it reads is said by defineConfig, see docs/guides/configuration.md.'],
  [/^HttpModule\b/, 'Take it out: fetch calls outside, see docs/guides/outside-calls.md.'],
];
const NOTHING_INJECTED =
  'Nothing of another module is injected here. Put an abstract class with what is needed of it into the folder and provide it there; ' +
  'later a query or command of the other module answers.';

/** Reads the module; what has no place in a bounded context is refused. */
export function readModule({ moduleFile }: FormerSources, refusals: Refusals): FormerModule {
  const { type, options } = moduleClassIn(moduleFile)!;
  for (const member of type.members)
    refusals.add(
      member,
      'The class of a bounded context is empty: move this to a provider; middleware becomes a guard of a controller.',
    );
  for (const statement of moduleFile.statements)
    if (!ts.isImportDeclaration(statement) && statement !== type)
      refusals.add(statement, 'Only the class of the module is taken from here: move this to a file of its own.');
  for (const { expression } of ts.getDecorators(type) ?? [])
    if (/^Global\b/.test(expression.getText()))
      refusals.add(expression, '@Global() gives to every module: take it out.');
  if (options && !ts.isObjectLiteralExpression(options))
    refusals.add(options, 'Write the options of @Module in place.');
  const lists = new Lists(options, refusals);
  return {
    entities: lists.of('imports').flatMap((element) => entitiesOf(element, refusals)),
    controllers: lists.of('controllers').map((element) => element.getText()),
    providers: lists.of('providers').map((element) => providerOf(element, refusals)),
    exports: lists.of('exports').map((element) => element.getText()),
  };
}

class Lists {
  constructor(
    private readonly options: ts.Expression | undefined,
    private readonly refusals: Refusals,
  ) {}

  of(name: string): readonly ts.Expression[] {
    const properties = this.options && ts.isObjectLiteralExpression(this.options) ? this.options.properties : [];
    const found = properties.find((property) => property.name?.getText() === name);
    if (!found) return [];
    if (ts.isPropertyAssignment(found) && ts.isArrayLiteralExpression(found.initializer)) {
      for (const element of found.initializer.elements)
        if (ts.isSpreadElement(element)) this.refusals.add(element, `Write out what ${name} holds.`);
      return found.initializer.elements;
    }
    this.refusals.add(found, `Write ${name} as a list in place.`);
    return [];
  }
}

function entitiesOf(element: ts.Expression, refusals: Refusals): string[] {
  const text = element.getText();
  if (DROPPED.test(text)) return [];
  const call = ts.isCallExpression(element) ? element : undefined;
  const [list, connection] = call && FEATURE.test(call.expression.getText()) ? call.arguments : [];
  if (list && ts.isArrayLiteralExpression(list) && !connection && list.elements.every(ts.isIdentifier))
    return list.elements.map((entity) => entity.getText());
  const [, advice] = INSTEAD.find(([pattern]) => pattern.test(text)) ?? [];
  refusals.add(element, advice ?? `${text.split(/[.(]/, 1)[0]!}: ${NOTHING_INJECTED}`);
  return [];
}

function providerOf(element: ts.Expression, refusals: Refusals): string {
  const token = /\bprovide:\s*(APP_(?:GUARD|PIPE|INTERCEPTOR|FILTER))\b/.exec(element.getText())?.[1];
  if (token)
    refusals.add(
      element,
      `${token} decides for the whole application: put it on the controllers of this module, as in @UseGuards.`,
    );
  return element.getText();
}
