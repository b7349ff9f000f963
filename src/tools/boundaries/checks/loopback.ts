import ts from 'typescript';
import { fold } from '../constant.js';
import type { Check, Finding } from '../visitor.js';
import type { TextChecks } from './strings.js';

const ADVICE = `Modules talk by the messages of their contracts, wherever they run: send a command or query through the bus.`;
const LOOPBACK = /^(?:https?|wss?):\/\/(?:[^/@\s]*@)?(localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\])(?=[:/?#]|$)/i;
const HOST = /^(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|::1?|\[::1?\])$/i;
const HOST_KEYS = new Set(['host', 'hostname', 'baseURL', 'baseUrl', 'origin', 'prefixUrl']);

/** Addresses of the process itself. Specs may call the server that they started. */
export const loopbackTexts: TextChecks = ({ module, spec }, { report }) => {
  if (!module || spec) return undefined;
  return (text, node) => {
    const host = LOOPBACK.exec(text)?.[1] ?? (HOST.test(text) && isHost(node) ? text : undefined);
    if (host) report(node, own(host));
  };
};

/** Notes the routes of each module, and finds calls of those of another. */
export const routes: Check = (source, { facts, report, reportLater }) => {
  const { module } = source;
  if (!module) return undefined;
  return {
    [ts.SyntaxKind.Decorator]: ({ expression }: ts.Decorator) => {
      for (const route of controllerRoutes(expression)) facts.note(module, 'route', route);
    },
    [ts.SyntaxKind.CallExpression]: (node: ts.CallExpression) => {
      const [first] = node.arguments;
      const url = first && isRequest(node) ? fold(first) : undefined;
      if (!url) return;
      if (url.startsWith('/') && !source.spec) report(node, own(url));
      reportLater(node, () => {
        const [owner, route] = [...facts.ofOthers(module, 'route')].find(([, each]) => callsRoute(url, each)) ?? [];
        if (!owner) return undefined;
        const message = `This calls the public route /${route} of ${owner}. ${ADVICE}`;
        return { rule: 'http-to-ourselves', target: `/${route}`, toModule: owner, message };
      });
    },
  };
};

function own(target: string): Finding {
  return { rule: 'http-to-ourselves', target, message: `This calls our own process over HTTP (${target}). ${ADVICE}` };
}

function isHost({ parent }: ts.Node): boolean {
  return ts.isPropertyAssignment(parent) && HOST_KEYS.has(parent.name.getText());
}

function isRequest({ expression }: ts.CallExpression): boolean {
  return /(?:^|[.])(?:fetch|axios|got|ky|undici|https?)$|(?:^|[.])(?:fetch|axios|got|ky|undici|https?|client|http[cC]lient|agent|pool)[.](?:request|stream|get|post|put|patch|delete)$|^request$/.test(
    expression.getText(),
  );
}

function callsRoute(url: string, route: string): boolean {
  const at = url.indexOf(`/${route}`);
  return at >= 0 && /^(?:[/?#\0]|$)/.test(url.slice(at + route.length + 1));
}

function controllerRoutes(expression: ts.Expression): string[] {
  if (!ts.isCallExpression(expression) || !/(?:^|\.)Controller$/.test(expression.expression.getText())) return [];
  const [first] = expression.arguments;
  if (!first) return [];
  const values = ts.isArrayLiteralExpression(first) ? first.elements : [first];
  return values.flatMap((value) => pathsOf(value)).filter((route) => route.length > 0);
}

function pathsOf(value: ts.Expression): string[] {
  if (!ts.isObjectLiteralExpression(value)) return [(fold(value) ?? '').replace(/^\/|\/$/g, '')];
  return value.properties.flatMap((property) =>
    ts.isPropertyAssignment(property) && property.name.getText() === 'path' ? pathsOf(property.initializer) : [],
  );
}
