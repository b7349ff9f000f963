/** Which question a fact belongs to: could the module leave, would anybody gain, and what would it cost. */
export type Question = 'ready' | 'justified' | 'cost';

/**
 * What a fact asks of its reader: `fine` nothing, `todo` something before the module leaves, `figure` to weigh it; `missing`
 * says that an input was not there.
 */
export type State = 'fine' | 'todo' | 'figure' | 'missing';

/** One thing that is known of a module, and how. There is no score: facts are not added up. */
export interface Fact {
  question: Question;
  /** What it is about: one of {@link WHY}. */
  topic: keyof typeof WHY;
  state: State;
  text: string;
  /** Where it was found: a file, a command, a number of changes. */
  evidence?: string;
  /** What to do. */
  todo?: string;
}

/** What is known of one module. */
export interface ModuleReport {
  module: string;
  summary: string;
  owner: string | undefined;
  facts: readonly Fact[];
}

/** Why each topic is asked about. Where research has something to say of it, what it supports, and what it does not. */
export const WHY = {
  owner: 'Somebody has to be woken when the process is down, and to answer for its contracts.',
  operations: 'A process of its own has failures of its own: whoever is on call needs a page, an alarm and a picture.',
  contracts: 'Two repositories change at different times: only a test run by both keeps them in step.',
  sagas:
    'Between processes there is no common transaction: what a failure leaves behind has to be undone by a command.',
  asks: 'Who cannot answer without asking is away whenever the other is: availabilities multiply, latencies add.',
  'read models': 'A copy that is kept from events answers while its producer is away.',
  data: 'Without a key logical replication cannot carry changes, and references across schemas would dangle.',
  configuration: 'What the module reads at start moves with it: addresses, secrets, rights.',
  rehearsal: 'What fails in a rehearsal fails in production: take its last result, and mind its age.',
  traces: 'Without one trace across the seam nobody finds out which side is slow.',
  changes:
    'Changes that cross modules together go with more defects than those within one (D’Ambros et al. 2009; Kouroshfar et al. 2015): a module that mostly changes together with another gains little from leaving it. That splitting it would lower defects has not been shown.',
  people:
    'Teams that change the same code wait for each other. Organisational structure goes with failures (Nagappan et al. 2008), but overlap of authors alone is a weak signal, and different from coupling of code.',
  churn: 'A contract that changes often makes both sides change: each change between repositories takes two releases.',
  releases: 'A module that is never released alone would not be released more often alone.',
  load: 'Scaling apart pays where load differs. Weighted run-time coupling agrees with static coupling (Schnoor & Hasselbring 2019); published “extract this” scores have not been checked against what became of the services.',
  errors: 'Isolation is worth something where a module fails without the others, or must not take them with it.',
  latency: 'Each question over a seam adds to the answer; each durable message to how long a saga takes.',
  traffic: 'Messages that cost nothing within a process are requests between two.',
  away: 'What waits for a module fails with it.',
  processes: 'Each process has memory, connections and an operator.',
} as const;
