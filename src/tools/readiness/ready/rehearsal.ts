import type { Rehearsal } from '../../rehearse/record.js';
import { REHEARSALS } from '../../rehearse/record.js';
import { span } from '../../lib/table.js';
import type { Fact } from '../fact.js';
import { listed, plural } from '../figures.js';
import { done, todo } from './say.js';

/** A rehearsal that is older says little of the code as it is now. */
const OLD_MS = 30 * 86_400_000;

/** What the last rehearsal of a module found. @param now milliseconds since the epoch */
export function rehearsalFact(module: string, last: Rehearsal | undefined, now: number): Fact {
  const run = `npm run rehearse -- ${module}`;
  if (!last) return todo('rehearsal', 'It was never rehearsed.', REHEARSALS, `Run ${run}, and commit ${REHEARSALS}.`);
  const age = now - Date.parse(last.at);
  const part = last.files === undefined ? '' : `, only the specs that match ${last.files}`;
  const where = `${REHEARSALS}: ${last.at.slice(0, 10)}${last.commit ? ` at ${last.commit}` : ''}, events by ${last.events}, seed ${last.seed}${part}`;
  const failures = last.stages.flatMap((stage) => stage.failures);
  if (failures.length > 0)
    return todo(
      'rehearsal',
      `${plural(failures.length, 'test')} failed: ${listed(failures.slice(0, 5))}.`,
      where,
      `Mend that, then run ${run} again.`,
    );
  const passed = last.stages.reduce((sum, stage) => sum + stage.passed, 0);
  const text = `${plural(passed, 'test')} passed in ${plural(last.stages.length, 'stage')}, ${span(age)} ago.`;
  if (age > OLD_MS) return todo('rehearsal', text, where, `That is old: run ${run} again.`);
  return last.files === undefined
    ? done('rehearsal', text, where)
    : todo('rehearsal', text, where, `Run all of it: ${run}.`);
}
