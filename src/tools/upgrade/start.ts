import { fail } from '../lib/cli.js';

/** Which version of the starter a project has, and what `init` was told: kept in `package.json`, as `startedFrom`. */
export interface Start {
  version: string;
  /** The commit of the starter; absent where it is not known. */
  revision?: string | undefined;
  /** The arguments of `init`. */
  init: string;
  /** The module that the repository is alone for, since `extract` made it; absent in all others. */
  lifted?: string | undefined;
}

/** The version that a project has when it begins: its own, and not that of the starter. */
const FIRST_VERSION = '0.1.0';

/** @returns what is recorded; `undefined` in a project that began before anything was */
export function readStart(packageJson: string): Start | undefined {
  return (JSON.parse(packageJson) as { startedFrom?: Start }).startedFrom;
}

/** @returns the text of a starter's `package.json` as that of a project which begins with it */
export function withStart(packageJson: string, start: Start): string {
  const record = JSON.stringify(start, null, 2).replaceAll('\n', '\n  ');
  return withFirstVersion(packageJson).replace(/^ +"type": .*\n/m, `$&  "startedFrom": ${record},\n`);
}

/** @returns the text of the `package.json` of a project as that of the repository which a module of it gets for itself */
export function withLifted(packageJson: string, module: string): string {
  const start = readStart(packageJson);
  if (!start) return packageJson;
  const json = JSON.parse(packageJson) as object;
  return `${JSON.stringify({ ...json, startedFrom: { ...start, lifted: module } }, null, 2)}\n`;
}

/** {@link withStart} for `package-lock.json`, which has the version twice, and nothing else of this. */
export function withFirstVersion(json: string): string {
  const own = /^((?: {2}){1,3}"version": )".*?"/gm;
  let left = 2;
  return json.replaceAll(own, (all, key: string) => (left-- > 0 ? `${key}"${FIRST_VERSION}"` : all));
}

/** @throws UsageError when it is no list of arguments for `init` */
export function wordsOf(init: string): string[] {
  const words = init.trim().split(/\s+/);
  const known = words.every(
    (word, at) => /^--(?:name|drop-example|keep-proofs)$/.test(word) || words[at - 1] === '--name',
  );
  if (!known || !words.includes('--name'))
    fail(`The answers have to be those of init, as in "--name my-app --drop-example", not "${init}". See --help.`);
  return words;
}
