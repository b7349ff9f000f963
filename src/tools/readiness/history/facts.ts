import type { Fact } from '../fact.js';
import { percent, plural } from '../figures.js';
import type { ModuleHistory, Share } from './changes.js';

/** Fewer changes than these make no share. */
const FEW = 5;
const NAMED = 3;

/** What git tells of a module. @param period `since 2026-01-01`, for the evidence */
export function historyFacts(history: ModuleHistory, period: string): Fact[] {
  const { commits, pullRequests } = history;
  if (commits.total + commits.sweeping === 0)
    return [figure('changes', `It did not change ${period}.`, `git log ${period}`)];
  return [
    changes('commits', commits, period),
    pullRequests.total > 0
      ? changes('pull requests', pullRequests, period)
      : missing(`No pull request touched it ${period}: there are neither merge commits nor subjects with (#n).`),
    ...people(history, period),
    churn(history, period),
    releases(history, period),
  ];
}

function changes(of: string, { total, alone, pairs, sweeping }: Share, period: string): Fact {
  const apart = sweeping > 0 ? ` ${sweeping} more changed most modules at once and ${are(sweeping)} not counted.` : '';
  if (total === 0) return figure('changes', `All of its ${of} changed most modules at once.`, period);
  const others = pairs.slice(0, NAMED).map(({ module, count }) => `${module} ${percent(count, total)} (${count})`);
  const together = others.length > 0 ? ` Together with ${others.join(', ')}.` : '';
  const few = total < FEW ? ' Too few for a share to mean much.' : '';
  const text = `Alone in ${percent(alone, total)} of its ${of} (${alone} of ${total}).${together}${apart}${few}`;
  return figure('changes', text, `${plural(total + sweeping, 'change')} ${period}`);
}

function people({ people: all, closest }: ModuleHistory, period: string): Fact[] {
  const commits = all.reduce((sum, each) => sum + each.commits, 0);
  const own = all.filter(({ elsewhere }) => elsewhere === 0);
  const most = all.slice(0, NAMED).map((each) => `${each.author} ${percent(each.commits, commits)}`);
  const overlap = closest
    ? ` Closest to ${closest.module}: ${closest.both} of ${closest.either} who change either of them change both.`
    : '';
  const text =
    `${plural(all.length, 'person', 'people')} changed it, ${own.length} of them no other module. ` +
    `Most: ${most.join(', ')}.${overlap}`;
  return [figure('people', text, `${plural(commits, 'commit')} ${period}`)];
}

function churn({ contracts: { commits, together } }: ModuleHistory, period: string): Fact {
  const text =
    commits === 0
      ? `Its contracts did not change.`
      : `Its contracts changed in ${plural(commits, 'commit')}, ${together} of them together with another module.`;
  return figure('churn', text, period);
}

function releases({ releases: { all, changed, alone } }: ModuleHistory, period: string): Fact {
  if (all === 0)
    return { ...missing(`No tag lies on this branch ${period}: releases are unknown.`), topic: 'releases' };
  const text = `It changed in ${changed} of ${plural(all, 'release')}, in ${alone} of them no other module did.`;
  return figure('releases', text, `tags of this branch ${period}`);
}

const are = (count: number) => (count === 1 ? 'is' : 'are');
const figure = (topic: Fact['topic'], text: string, evidence: string): Fact => ({
  question: 'justified',
  topic,
  state: 'figure',
  text,
  evidence,
});
const missing = (text: string): Fact => ({ question: 'justified', topic: 'changes', state: 'missing', text });
