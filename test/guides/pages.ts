import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Folders that are made, or hold what others wrote. */
const LEFT_OUT = /^(\..*|node_modules|dist|coverage)$/;

/** Every page of the documentation. */
export function allPages(folder = ''): string[] {
  const entries = readdirSync(folder || '.', { withFileTypes: true }).filter(({ name }) => !LEFT_OUT.test(name));
  const pages = entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? allPages(path) : path;
  });
  return pages.filter((path) => path.endsWith('.md')).sort();
}

/** Their generated modules take minutes: the third tier runs them. */
export const LONG_GUIDES = ['docs/guides/sagas.md', 'docs/guides/outside-calls.md', 'docs/guides/configuration.md'];
