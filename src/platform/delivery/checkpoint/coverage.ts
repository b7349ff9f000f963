import type { FeedFilter } from '../feed/feed.js';
import type { HandledRange, Share } from './share.js';

/** A message type, and the stream of its producer that has it. */
export interface Typed {
  stream: string;
  type: string;
}

/** What a consumer reads of one producer, as this version declares it. */
export interface Selection extends FeedFilter {
  /** The types with their streams: its covered set is to contain them. None where it reads whole streams. */
  typed: readonly Typed[];
}

/** A checkpoint of one share of a consumer's messages. */
export interface Checkpoint extends Share {
  position: number;
  /** Messages beyond the position that were handled nevertheless. */
  passed: readonly HandledRange[];
}

/** A type that joins the covered set. */
interface Gained {
  type: string;
  /** Through which positions it was handled when it left the set; empty for one that never was in it. */
  handled: readonly HandledRange[];
}

/**
 * The checkpoint after its covered set has grown: it goes back to where the first of the gained types is due, and
 * remembers what was handled beyond that.
 *
 * @param covered the types that were covered until now
 */
export function rewound(at: Checkpoint, covered: readonly string[], gained: readonly Gained[]): Checkpoint {
  const { part, of } = at;
  const position = Math.min(at.position, ...gained.map(startOf));
  const before = [...at.passed, { part, of, position: at.position }];
  const passed = [
    ...before.map((each) => ({ ...each, types: each.types ?? covered })),
    ...gained.flatMap(({ type, handled }) => handled.map((each) => ({ ...each, types: [type] }))),
  ];
  // One of no type says nothing but how far the consumer has been: see `heard.ts`.
  return { part, of, position, passed: passed.filter((each) => each.position > position) };
}

/** One that never was covered is due from the oldest message that is kept. */
const startOf = ({ handled }: Gained) => (handled.length > 0 ? Math.min(...handled.map((each) => each.position)) : 0);

/** Through which positions a covered type was handled, to be kept for when it has left the set. */
export function handledOf(type: string, checkpoints: readonly Checkpoint[]): HandledRange[] {
  return checkpoints.flatMap(({ part, of, position, passed }) => [
    { part, of, position },
    ...passed.filter(({ types }) => types?.includes(type) ?? true).map((each) => ({ ...each, types: undefined })),
  ]);
}

/** What can be due behind a position. */
export interface Stage {
  /** What to read; `undefined` where nothing is due before `until`. */
  filter: FeedFilter | undefined;
  /** How far this holds. */
  until: number;
}

/** @param all what the checkpoint covers: read as soon as nothing of it was handled beyond the position */
export function stageOf(all: FeedFilter, covered: readonly Typed[], at: Checkpoint): Stage {
  const own = ({ part, of, types, position }: HandledRange) =>
    types && position > at.position && (of === 1 || (part === at.part && of === at.of));
  const passed = at.passed.filter(own);
  if (passed.length === 0) return { filter: all, until: Infinity };
  const handled = new Set(passed.flatMap(({ types }) => types!));
  const due = covered.filter(({ type }) => !handled.has(type));
  const until = Math.min(...passed.map(({ position }) => position));
  return { filter: due.length > 0 ? filterOf(due) : undefined, until };
}

export function filterOf(types: readonly Typed[]): FeedFilter {
  const unique = (values: string[]) => [...new Set(values)];
  return { streams: unique(types.map(({ stream }) => stream)), types: unique(types.map(({ type }) => type)) };
}
