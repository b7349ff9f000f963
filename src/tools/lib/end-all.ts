import type { ChildProcess } from 'node:child_process';
import { spawnSync } from 'node:child_process';

/** What asks a tool to end. */
export const ENDS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const ON_WINDOWS = process.platform === 'win32';

/**
 * Asks a process to end; it sees to those that it has started itself. The end of a terminal counts as SIGTERM: not every
 * program passes SIGHUP on.
 *
 * On Windows Ctrl-C has reached all of them already. Any other signal ends one process there without a word, so all
 * that it has started is ended with it.
 */
export function endAll(child: ChildProcess, signal: NodeJS.Signals): void {
  if (!ON_WINDOWS) child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
  else if (signal !== 'SIGINT') endTree(child.pid);
}

/** Kills a process that leads a group, with all of that group; on Windows, with all that it has started. */
export function killAll(leader: ChildProcess): void {
  if (ON_WINDOWS) return endTree(leader.pid);
  try {
    process.kill(-leader.pid!, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function endTree(pid: number | undefined): void {
  if (pid !== undefined) spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore' });
}
