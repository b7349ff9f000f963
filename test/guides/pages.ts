import { execFileSync } from 'node:child_process';

/** Every page of the documentation. */
export function allPages(): string[] {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'];
  const files = execFileSync('git', list, { encoding: 'utf8' }).split('\0');
  return files.filter((file) => file !== '' && !file.startsWith('.github/')).sort();
}
