import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Prometheus' own checker; a spec that asks it needs `promtool`.
 * @param rules written to a file, which is the last argument; metrics are read from standard input
 * @throws Error when there is none
 */
export function promtool(args: readonly string[], input = '') {
  const folder = mkdtempSync(join(tmpdir(), 'promtool-'));
  const file = join(folder, 'rules.json');
  writeFileSync(file, input);
  const asFile = args[1] === 'rules' && input !== '' ? [file] : [];
  const { status, stdout, stderr, error } = spawnSync('promtool', [...args, ...asFile], { input, encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  if (error) throw error;
  return { status, stdout, stderr };
}
