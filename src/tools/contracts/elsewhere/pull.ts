import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fail } from '../../lib/cli.js';
import type { Files } from '../../extract/files.js';
import { Draft, isPact, madeOf, manifestIn, partiesOf } from '../../extract/files.js';
import { git, writeDraft } from '../../extract/repository.js';
import type { Known } from '../../extract/stub.js';
import { leaveContracts } from '../../extract/stub.js';
import { readTracked } from '../../init/repository.js';
import { lockOf, lockPath } from './lock.js';

/**
 * Takes over the contracts of a module from the repository that owns it, as they are committed there.
 *
 * @param from its address or path, if that is not the one in the manifest
 * @returns the files that are other ones now
 * @throws UsageError when the module is not elsewhere, or cannot be taken from there; Error when it does not compile then
 */
export async function pullContracts(root: string, module: Known, from: string | undefined): Promise<string[]> {
  const files = readTracked(root);
  const { name } = module;
  const { elsewhere } = manifestIn(files, name);
  if (elsewhere === undefined) return fail(`${name} lives here: its contracts are those of modules/${name}/contracts.`);
  const source = from ?? elsewhere;
  const { theirs, revision } = committedAt(root, source);
  if (!theirs.has(`modules/${name}/module.json`) || manifestIn(theirs, name).elsewhere !== undefined)
    return fail(`${name} does not live in ${source}: say where with --from.`);
  const missing = [...madeOf(theirs, name)].find((other) => !files.has(`modules/${other}/module.json`));
  if (missing) return fail(`The contracts of ${name} are made of those of ${missing}, which are not here.`);
  const taken = new Draft(theirs);
  leaveContracts(taken, module, elsewhere, (manifest) => manifest);
  const draft = new Draft(files);
  const isContract = (path: string) => path.startsWith(`modules/${name}/contracts`) && path !== lockPath(name);
  for (const path of files.keys()) if (isContract(path) && !taken.files.has(path)) draft.set(path, undefined);
  for (const [path, text] of taken.files) if (isContract(path)) draft.set(path, text);
  pullExpectations(draft, theirs, name);
  draft.set(lockPath(name), lockOf(draft.files, name, source, revision));
  await writeDraft(root, draft);
  return [...draft.edits.keys()];
}

/** What the module expects of those that are here, as its pacts say. */
function pullExpectations(draft: Draft, theirs: Files, name: string): void {
  const isIts = (text: string) => {
    const [consumer, provider] = partiesOf(text);
    return consumer === name && draft.files.has(`modules/${provider}/module.json`);
  };
  draft.change(isPact, (text, path) => (partiesOf(text)[0] === name && !theirs.has(path) ? undefined : text));
  for (const [path, text] of theirs) if (isPact.test(path) && isIts(text)) draft.set(path, text);
}

function committedAt(root: string, source: string) {
  const folder = mkdtempSync(join(tmpdir(), 'contracts-'));
  const place = /^[\w+.-]+:\/\/|^[\w.-]+@[\w.-]+:/.test(source) ? source : resolve(root, source);
  try {
    git(root, 'clone', '--quiet', place, folder);
    return { theirs: readTracked(folder), revision: git(folder, 'rev-parse', 'HEAD') };
  } catch {
    return fail(`git cannot clone ${source}: expected the address or the path of the repository that owns the module.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
