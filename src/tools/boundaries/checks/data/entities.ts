import ts from 'typescript';
import { fold } from '../../sources/constant.js';
import type { Check, Finding } from '../../sources/visitor.js';

const ADVICE = `A module maps and queries its own tables only, by their classes. Keep a read model of the other module's events, or ask it by a query.`;
const RELATIONS = /^(?:ManyToOne|OneToOne|OneToMany|ManyToMany|TreeParent|RelationId|JoinTable)$/;
/** Methods of TypeORM whose first argument names an entity where it is a text. */
const BY_NAME = /^(?:getRepository|getTreeRepository|getMongoRepository|getMetadata|hasMetadata)$/;
/** Methods of its builders that may get the name of a table. */
const OF_BUILDER = /^(?:from|addFrom|into|relation|(?:left|inner)Join\w*)$/;
/** Methods of its managers; so short that other things have them too. */
const OF_MANAGER =
  /^(?:find\w*|insert|upsert|update|delete|softDelete|count\w*|exists\w*|sum|average|create|preload|query|(?:create|drop|add|rename)\w+)$/;
/** Methods of its runners that make and remove what the administrator gives to each module. */
const OF_SCHEMAS = /^(?:create|drop|clear)(?:Schema|Database)$/;
const MANAGER = /(?:manager|database|dataSource|connection|runner)$/i;
const SCHEMA_KEYS = new Set(['schema', 'referencedSchema', 'database', 'referencedDatabase']);
const TABLE_KEYS = new Set(['tableName', 'referencedTableName', 'target']);
const CONNECTIONS =
  /^(?:DataSource|createConnection|createConnections|getConnection|getManager|getRepository|createQueryBuilder)$/;

/** Entities, tables and schemas of other modules, named by a text. */
export const entities: Check = (source, { facts, report, reportLater }) => {
  const { module } = source;
  if (!module) return undefined;
  if (!/\btypeorm\b|\bdatabase\b|\bmanager\b/i.test(source.ast.text)) return undefined;

  return {
    [ts.SyntaxKind.ClassDeclaration]: (node: ts.ClassDeclaration) => {
      if (node.name && decorates(node, /Entity$/)) facts.note(module, 'entity', node.name.text);
    },
    [ts.SyntaxKind.Decorator]: ({ expression }: ts.Decorator) => {
      if (!ts.isCallExpression(expression)) return;
      const name = expression.expression.getText().split('.').at(-1)!;
      if (name.endsWith('Entity')) ownTable(expression.arguments[0]);
      if (RELATIONS.test(name)) relation(expression);
    },
    [ts.SyntaxKind.CallExpression]: ({ expression, arguments: [first, second] }: ts.CallExpression) => {
      if (!first || !ts.isPropertyAccessExpression(expression)) return;
      const { name, expression: subject } = expression;
      if (BY_NAME.test(name.text)) mustBeOwn(first);
      else if (OF_SCHEMAS.test(name.text) && MANAGER.test(subject.getText()))
        report(first, foreign(fold(first) ?? name.text));
      else if (mayName(name.text, subject.getText(), second !== undefined)) mustNotBeOfAnother(first);
    },
    [ts.SyntaxKind.NewExpression]: ({ expression, arguments: [options] = [] as never }: ts.NewExpression) => {
      if (options && ts.isObjectLiteralExpression(options) && /(?:^|\.)Table$/.test(expression.getText()))
        ownTable(nameIn(options));
    },
    [ts.SyntaxKind.PropertyAssignment]: ({ name, initializer }: ts.PropertyAssignment) =>
      property(name.getText(), initializer),
    [ts.SyntaxKind.ImportSpecifier]: (node: ts.ImportSpecifier) => {
      const name = (node.propertyName ?? node.name).text;
      if (!CONNECTIONS.test(name) || source.imports.get(node.name.text)?.specifier !== 'typeorm' || isTypeOnly(node))
        return;
      report(node, {
        rule: 'entity-of-another',
        target: name,
        message: `${name} is a connection of its own, with whatever rights. Inject Database of the platform: it is bound to this module's schema.`,
      });
    },
  };

  function property(key: string, value: ts.Expression): void {
    if (SCHEMA_KEYS.has(key)) mustBeOwnSchema(value);
    if (TABLE_KEYS.has(key)) mustNotBeOfAnother(value);
    const globs =
      ['entities', 'migrations', 'subscribers'].includes(key) && ts.isArrayLiteralExpression(value)
        ? value.elements
        : [];
    for (const glob of globs) {
      if (fold(glob) !== undefined) {
        report(glob, {
          rule: 'entity-of-another',
          target: fold(glob)!,
          message: `Classes are listed here by class: a path may find those of other modules. ${ADVICE}`,
        });
      }
    }
  }

  function ownTable(first: ts.Expression | undefined): void {
    const name = first && fold(first);
    if (name === undefined) return;
    if (name.includes('.')) report(first!, foreign(name));
    else facts.note(module!, 'table', name);
  }

  function relation({ arguments: [first] }: ts.CallExpression): void {
    if (!first) return;
    mustBeOwn(ts.isArrowFunction(first) && ts.isExpression(first.body) ? first.body : first);
  }

  function mustBeOwn(node: ts.Expression): void {
    const name = fold(node);
    if (name === undefined || name === '') return;
    reportLater(node, () => (isOwn(name) ? undefined : foreign(name)));
  }

  function mustNotBeOfAnother(node: ts.Expression): void {
    const name = fold(node);
    if (name !== undefined) reportLater(node, () => (isOwn(name) || !owner(name) ? undefined : foreign(name)));
  }

  function mustBeOwnSchema(node: ts.Expression): void {
    const name = fold(node);
    if (name !== undefined && name !== module && (name === 'public' || facts.modules.has(name)))
      report(node, foreign(name));
  }

  function isOwn(name: string): boolean {
    return facts.has(module!, 'entity', name) || facts.has(module!, 'table', name);
  }

  function owner(name: string): string | undefined {
    const schema = name.includes('.') ? name.split('.')[0]!.replaceAll('"', '') : '';
    if (facts.isOther(module, schema)) return schema;
    return facts.otherWith(module!, 'entity', name) ?? facts.otherWith(module!, 'table', name);
  }

  function foreign(name: string): Finding {
    const toModule = owner(name);
    const message = `"${name}" is named here by a text, and is no table or entity of ${module}. ${ADVICE}`;
    return { rule: 'entity-of-another', target: name, message, ...(toModule && { toModule }) };
  }
};

/** `createQueryBuilder('x')` of a repository takes an alias; the manager's takes an entity, then the alias. */
function mayName(method: string, subject: string, hasSecond: boolean): boolean {
  if (method === 'createQueryBuilder') return hasSecond;
  return OF_BUILDER.test(method) ? !/^[A-Z]\w*$/.test(subject) : OF_MANAGER.test(method) && MANAGER.test(subject);
}

function nameIn({ properties }: ts.ObjectLiteralExpression): ts.Expression | undefined {
  const name = properties.find((property) => property.name?.getText() === 'name');
  return name && ts.isPropertyAssignment(name) ? name.initializer : undefined;
}

function decorates(node: ts.ClassDeclaration, name: RegExp): boolean {
  return (ts.getDecorators(node) ?? []).some(
    ({ expression }) => ts.isCallExpression(expression) && name.test(expression.expression.getText()),
  );
}

function isTypeOnly({ isTypeOnly: own, parent }: ts.ImportSpecifier): boolean {
  return own || parent.parent.isTypeOnly;
}
