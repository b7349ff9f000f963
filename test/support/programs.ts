import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What some specs need and no npm package ships: under which names it is looked for, and which packages bring it. */
const PROGRAMS = {
  bash: { names: ['bash'], apt: 'bash', brew: 'bash' },
  chromium: { names: ['chromium', 'chromium-browser', 'google-chrome'], apt: 'chromium', brew: '--cask chromium' },
  curl: { names: ['curl'], apt: 'curl', brew: 'curl' },
  git: { names: ['git'], apt: 'git', brew: 'git' },
  go: { names: ['go'], apt: 'golang', brew: 'go' },
  helm: { names: ['helm'], apt: 'helm (of its own registry)', brew: 'helm' },
  java: { names: ['java'], apt: 'default-jre-headless', brew: 'openjdk' },
  mvn: { names: ['mvn'], apt: 'maven', brew: 'maven' },
  'nats-server': { names: ['nats-server'], apt: 'nats-server', brew: 'nats-server' },
  openssl: { names: ['openssl'], apt: 'openssl', brew: 'openssl' },
  pg_basebackup: { names: ['pg_basebackup'], apt: 'postgresql', brew: 'postgresql' },
  pgbouncer: { names: ['pgbouncer'], apt: 'pgbouncer (1.21 or later)', brew: 'pgbouncer' },
  'pgbouncer-1.18': { names: ['pgbouncer-1.18'], apt: 'pgbouncer (of Debian 12)', brew: 'none' },
  promtool: { names: ['promtool'], apt: 'prometheus', brew: 'prometheus' },
} as const;

export type Program = keyof typeof PROGRAMS;

export const isProgram = (name: string): name is Program => name in PROGRAMS;

/** Where the program lies in `PATH`; a browser may be chosen by `CHROMIUM`. @returns undefined where it is missing */
export function findProgram(program: Program): string | undefined {
  const chosen = program === 'chromium' && process.env['CHROMIUM'];
  if (chosen) return isExecutable(chosen) ? chosen : undefined;
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return PROGRAMS[program].names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** How to get a program that is missing, in one line. */
export function howToInstall(program: Program): string {
  const { apt, brew } = PROGRAMS[program];
  return `apt-get install ${apt} (Debian, Ubuntu) or brew install ${brew} (macOS), and have it in PATH`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
