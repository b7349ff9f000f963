import { describe, expect, it } from '@jest/globals';
import { seeded } from '../../transport/fault-injection/seeded.js';
import type { Checkpoint, Typed } from './coverage.js';
import { filterOf, handledOf, rewound, stageOf } from './coverage.js';
import type { StoredMessage } from '../../transaction/message.js';
import type { HandledRange } from './share.js';
import { notHandled, sharesOf, within } from './share.js';

const TYPES = ['a', 'b', 'c', 'd'];
const typed = (type: string): Typed => ({ stream: 'said', type });

/** A consumer of one outbox as the platform keeps it, without a database. */
class Reader {
  readonly log: StoredMessage[] = [];
  readonly handled: number[] = [];
  covered: string[] = ['a'];
  readonly left = new Map<string, HandledRange[]>();
  checkpoints: Checkpoint[];

  constructor(of: number) {
    this.checkpoints = sharesOf(of).map((share) => ({ ...share, position: 0, passed: [] }));
  }

  say(type: string, key: string): void {
    this.log.push({ seq: this.log.length + 1, type, aggregateid: key } as StoredMessage);
  }

  gain(type: string): void {
    const gained = [{ type, handled: this.left.get(type) ?? [] }];
    this.checkpoints = this.checkpoints.map((at) => rewound(at, this.covered, gained));
    this.left.delete(type);
    this.covered = [...this.covered, type];
  }

  lose(type: string): void {
    this.left.set(type, handledOf(type, this.checkpoints));
    this.covered = this.covered.filter((each) => each !== type);
  }

  /** A page of one share. @returns whether it got on */
  step(part: number, limit: number): boolean {
    const at = this.checkpoints[part]!;
    const { filter, until } = stageOf(filterOf(this.covered.map(typed)), this.covered.map(typed), at);
    const wanted = this.log.filter(({ seq, type }) => seq > at.position && filter?.types.includes(type));
    const page = wanted.slice(0, limit);
    const upTo = Math.min(until, page.length === limit ? page.at(-1)!.seq : this.log.length);
    const own = within(at, page).filter(({ seq }) => seq <= upTo);
    this.handled.push(...notHandled(at.passed, own).map(({ seq }) => seq));
    const position = Math.max(at.position, upTo);
    this.checkpoints[part] = { ...at, position, passed: at.passed.filter((each) => each.position > position) };
    return position > at.position;
  }
}

/** Anything that can happen, in any order; in the end every type is known again and everything is read. */
function live(seed: number): Reader {
  const random = seeded(seed);
  const among = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)]!;
  const reader = new Reader(among([1, 1, 3]));
  for (let n = 0; n < 150; n++) {
    const what = random();
    const type = among(TYPES);
    if (what < 0.55) reader.say(type, among(['k', 'l', 'm', 'n']));
    else if (what < 0.85) reader.step(among(reader.checkpoints).part, among([1, 2, 5]));
    else if (reader.covered.includes(type)) reader.lose(type);
    else reader.gain(type);
  }
  for (const type of TYPES) if (!reader.covered.includes(type)) reader.gain(type);
  for (const { part } of reader.checkpoints) while (reader.step(part, 3));
  return reader;
}

describe('a covered set that grows and shrinks in any order', () => {
  it('has every message handled exactly once', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const { handled, log } = live(seed);
      expect({ seed, handled: [...handled].sort((a, b) => a - b) }).toEqual({
        seed,
        handled: log.map(({ seq }) => seq),
      });
    }
  });

  it('reads nothing but the gained type until the former position', () => {
    const at = rewound({ part: 0, of: 1, position: 90, passed: [] }, ['a', 'b'], [{ type: 'c', handled: [] }]);
    const covered = ['a', 'b', 'c'].map(typed);
    expect(at.position).toBe(0);
    expect(stageOf(filterOf(covered), covered, at)).toEqual({ filter: filterOf([typed('c')]), until: 90 });
    expect(stageOf(filterOf(covered), covered, { ...at, position: 90 }).filter).toEqual(filterOf(covered));
  });
});
