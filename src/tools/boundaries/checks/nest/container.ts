import ts from 'typescript';
import { fold } from '../../sources/constant.js';
import { packageUses } from '../../references/package-uses.js';
import type { Check } from '../../sources/visitor.js';

const ADVICE = `A module decides about its own routes and providers only: put guards, pipes, interceptors and filters on its own controllers, and ask others by the messages of their contracts.`;
/** What of Nest's core concerns the module that uses it, and nobody else. */
const OWN =
  /^(?:ModuleRef|Reflector|REQUEST|INQUIRER|createContextId|ContextIdFactory|BaseExceptionFilter)(?:$|\.(?!apply$))/;
/** What of its other packages acts on the whole application. */
const WHOLE: Readonly<Record<string, RegExp>> = {
  '@nestjs/common': /^(?:MiddlewareConsumer|NestModule)$/,
  '@nestjs/platform-fastify': /^(?:FastifyAdapter|NestFastifyApplication)$/,
};
const ENHANCER = /^APP_(?:GUARD|PIPE|INTERCEPTOR|FILTER)$/;

/** What reaches, or changes, more of the application than the module itself. */
export const container: Check = (source, { report }) => {
  if (!source.module) return undefined;
  const leak = (node: ts.Node, target: string) =>
    report(node, { rule: 'container', target, message: `${target} reaches the whole application. ${ADVICE}` });
  return {
    ...packageUses(source, (node, specifier, name) => {
      if (actsOnAll(specifier, name)) leak(node, name === '*' ? specifier : name);
    }),
    [ts.SyntaxKind.PropertyAssignment]: ({ name, initializer }: ts.PropertyAssignment) => {
      const token = name.getText() === 'provide' ? (fold(initializer) ?? '') : '';
      if (ENHANCER.test(token)) leak(initializer, token);
    },
  };
};

function actsOnAll(specifier: string, name: string): boolean {
  if (specifier === '@nestjs/core') return !OWN.test(name);
  return specifier.startsWith('@nestjs/core/') || (WHOLE[specifier]?.test(name) ?? false);
}
