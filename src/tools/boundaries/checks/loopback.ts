import ts from 'typescript';
import { fold } from '../sources/constant.js';
import { UNKNOWN } from '../sources/located.js';
import type { Check, Finding } from '../sources/visitor.js';
import type { TextChecks } from './strings.js';

const ADVICE = `Modules talk by the messages of their contracts, wherever they run: send a command or query through the bus.`;
const LOOPBACK =
  /^(?:https?|wss?):\/\/(?:[^/@\s]*@)?(localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\])(?::([^/?#]*))?(?=[/?#]|$)/i;
const HOST = /^(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|::1?|\[::1?\])$/i;
/** The default of `PORT`: on any other port of this machine another program answers. */
const OWN_PORT = '3000';

/** Addresses of the process itself. Specs may call the server that they started. */
export const loopbackTexts: TextChecks = ({ module, spec }, { report }) => {
  if (!module || spec) return undefined;
  return (text, node) => {
    const [, host, port] = LOOPBACK.exec(text) ?? (HOST.test(text) && isHost(node) ? ['', text, portBeside(node)] : []);
    if (host && isOurs(port)) report(node, own(host));
  };
};

/** Calls of the routes of another module. */
export const calledRoutes: Check = (source, { facts, report, reportLater }) => {
  const { module } = source;
  if (!module) return undefined;
  return {
    [ts.SyntaxKind.CallExpression]: (node: ts.CallExpression) => {
      const [first] = node.arguments;
      const url = first && isRequest(node) ? fold(first) : undefined;
      if (!url || isElsewhere(url)) return;
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

/** A port that is not known, or that is not said, may be ours. */
function isOurs(port: string | undefined): boolean {
  return port === undefined || port === '' || port === OWN_PORT || port.includes(UNKNOWN);
}

/** Whether it names a host, and that host is not this machine. */
function isElsewhere(url: string): boolean {
  const host = /^(?:https?|wss?):\/\/([^/?#]+)/i.exec(url)?.[1];
  return host !== undefined && !host.includes(UNKNOWN) && !isOurs(LOOPBACK.exec(url) ? LOOPBACK.exec(url)![2] : '0');
}

/** The host of an HTTP request; that of a mail server or a cache is another matter. */
function isHost({ parent }: ts.Node): boolean {
  if (!ts.isPropertyAssignment(parent) || !/^host(?:name)?$/.test(parent.name.getText())) return false;
  const call = parent.parent.parent;
  return ts.isCallExpression(call) && isRequest(call);
}

function portBeside({ parent }: ts.Node): string | undefined {
  if (!ts.isObjectLiteralExpression(parent.parent)) return undefined;
  const port = parent.parent.properties.find((property) => property.name?.getText() === 'port');
  return port && ts.isPropertyAssignment(port) ? fold(port.initializer) : undefined;
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
