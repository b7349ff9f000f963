import { notify } from '../delivery/feed/outbox-watch.js';
import type { Counts, ErasedModule } from '../erasure/erase-module.js';
import { eraseModule, subjectHash } from '../erasure/erase-module.js';
import type { Mark } from '../erasure/marks.js';
import { ERASED_ACTOR } from '../erasure/marks.js';
import { SYSTEM } from '../messaging/context/context.js';
import { describeError } from '../messaging/describe-error.js';
import { Invalid } from '../messaging/errors.js';
import type { Runtime } from '../runtime/runtime.js';

export interface ErasureOptions {
  /** Why, for the audit line. */
  reason: string;
  /** Who wants it, for the audit line. */
  by: string;
  dryRun: boolean;
  /** How long to wait for rows that are being handled: milliseconds. Default: a minute. */
  patienceMs?: number;
}

/** What an erasure has done. Names and numbers: no value of anybody. */
export interface ErasureReport {
  modules: { module: string; counts: Counts; busy: number; failure?: string }[];
  /** Modules that run elsewhere: nothing was done there. */
  elsewhere: string[];
}

const ERASURE_TIMEOUT_MS = 60_000;
const MAX_SUBJECT_LENGTH = 512;
/** Names that stand for nobody. */
const NOBODY: readonly string[] = [SYSTEM.sub, 'anonymous', ERASED_ACTOR];

/**
 * Replaces what is marked as personal in whatever the platform has stored of a person, and has each module erase what is
 * in its own tables; module by module, with the module's own role.
 *
 * @param runtime with its modules built
 * @param subject as the `subject` fields of messages name them
 * @guarantee repeatable; what goes wrong with one module keeps no other from being seen to
 * @throws Invalid when nobody can be meant by the subject, or the reason names them
 */
export async function erase(runtime: Runtime, subject: string, options: ErasureOptions): Promise<ErasureReport> {
  refuseUnfit(subject, options);
  const { reason, by, dryRun } = options;
  const line = { audit: 'erasure', subject: subjectHash(subject), by, reason };
  if (!dryRun) runtime.log.warn(line, 'an erasure begins');
  const modules: ErasureReport['modules'] = [];
  for (const database of runtime.databases) {
    const { module } = database;
    const erasers = runtime.erasers.filter((each) => each.module === module).map(({ eraser }) => eraser);
    const erasing = { database, erasers, marks: marksOf(runtime), subject, dryRun };
    try {
      const done = await eraseModule({ ...erasing, patienceMs: options.patienceMs ?? ERASURE_TIMEOUT_MS });
      modules.push({ module, ...done });
      if (!dryRun) await notify(database.pool, module, 'erased');
    } catch (error) {
      modules.push({ module, ...NOTHING, failure: failureText(error, subject) });
    }
  }
  if (!dryRun) runtime.log.warn({ ...line, modules }, 'an erasure has ended');
  return { modules, elsewhere: [...runtime.remotes.keys()] };
}

const NOTHING: ErasedModule = { counts: {}, busy: 0 };

/** What is marked in the messages that this version knows, and in the states of its sagas. */
function marksOf({ registry, sagas }: Runtime): Mark[] {
  const messages = registry.all.flatMap(({ definition: { name, personal } }) =>
    personal ? [{ type: name, ...personal }] : [],
  );
  const states = sagas.flatMap(({ runner: { saga } }) =>
    saga.personal ? [{ type: saga.name, ...saga.personal }] : [],
  );
  return [...messages, ...states];
}

function refuseUnfit(subject: string, { reason }: ErasureOptions): void {
  if (subject.trim() === '' || subject.length > MAX_SUBJECT_LENGTH || /[\p{Cc}\p{Cs}]/u.test(subject))
    throw new Invalid(
      'unfit_subject',
      `SUBJECT has to be the id of a person: 1–${MAX_SUBJECT_LENGTH} characters of text.`,
    );
  if (NOBODY.includes(subject))
    throw new Invalid('unfit_subject', `"${subject}" stands for no person: its messages are left as they are.`);
  if (reason.trim() === '') throw new Invalid('no_reason', '--reason has to say why, as with the number of a request.');
  if (reason.includes(subject))
    throw new Invalid(
      'telling_reason',
      '--reason names the person, and the log would keep it: name the request instead.',
    );
}

/** A constraint may quote what it refuses. */
const failureText = (error: unknown, subject: string) => describeError(error).replaceAll(subject, '…');
