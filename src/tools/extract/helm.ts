import { SEAM_PORT } from '../generate/templates/deployment.js';

const HOST = /^ {2}[a-z][\w-]*:.*\n(?: {4,}.*\n)*/gm;

/**
 * The values of a chart without a module that has left: its host goes, and all others get its address.
 * @param keep whether they stay where one host is left, which is what those of one process are
 */
export function helmWithout(text: string, module: string, keep: boolean): string | undefined {
  const [head = '', hosts = '', more = ''] = text.split(/(^hosts:\n(?: .*\n?)*)/m);
  const left = hosts.replace(HOST, (host) => {
    const modules = /^ +modules: \[(.*)\]$/m.exec(host)?.[1]?.split(', ');
    if (modules?.join() === module) return '';
    return host.replace(/^( +modules: \[).*\]$/m, (_, name: string) => {
      return `${name}${modules!.filter((each) => each !== module).join(', ')}]`;
    });
  });
  if (!keep && left !== hosts && [...left.matchAll(HOST)].length === 1) return undefined;
  return head + left + withAddress(more, module, module);
}

/** The values for the repository of one module: its host, and the others at the front door of their own. */
export function helmAlone(module: string, addresses: Readonly<Record<string, string>>): string {
  const elsewhere = Object.entries(addresses).reduce((text, [name, at]) => withAddress(text, name, at), '');
  return `# ${module} by itself: helm upgrade --install ${module} deploy/helm/chart -f deploy/helm/one-process.yaml
image:
  repository: ${module}
hosts:
  ${module}:
    public: false
${elsewhere || 'seam: true\n'}`;
}

function withAddress(text: string, module: string, at: string): string {
  const line = `  ${module}: http://${at}:${SEAM_PORT}\n`;
  if (/^elsewhere:\n/m.test(text)) return text.replace(/^elsewhere:\n(?: .*\n)*/m, (block) => block + line);
  return `${text}elsewhere:\n${line}`;
}
