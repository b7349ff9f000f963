/** How a command is to end: `twice` says two things, `fault` and `refused` are rolled back, `slow` takes its time. */
export type Mood = 'good' | 'twice' | 'slow' | 'fault' | 'refused';

export type Task =
  { kind: 'raise'; thing: string; token: string; mood: Mood } | { kind: 'begin'; job: string; token: string };

const THINGS = 6;
const RAISES = 60;
const JOBS = 4;

/** A generator of numbers in [0, 1), the same ones for the same seed: mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a run does; the same for the same seed. `run` keeps its names apart from those of other runs. */
export function workload(run: string, seed: number): Task[] {
  const next = random(seed);
  const raises = Array.from({ length: RAISES }, (_, n): Task => {
    const thing = `${run}/${Math.floor(next() * THINGS)}`;
    return { kind: 'raise', thing, token: `${run}/t${n}`, mood: moodOf(next()) };
  });
  const jobs = Array.from({ length: JOBS }, (_, n): Task => ({
    kind: 'begin',
    job: `${run}/j${n}`,
    token: `${run}/b${n}`,
  }));
  return [...jobs, ...raises];
}

function moodOf(chance: number): Mood {
  if (chance < 0.1) return 'fault';
  if (chance < 0.2) return 'refused';
  if (chance < 0.3) return 'twice';
  return chance < 0.33 ? 'slow' : 'good';
}

/** How often a command of this mood speaks, when it does not fail. */
export const timesOf = (mood: Mood) => (mood === 'twice' ? 2 : 1);

/** What the mark beside the event with this token is known by. */
export const markOf = (token: string) => `${token}!`;

/** What the first, second … event of a command is known by. */
export const tokenOf = (token: string, time: number) => `${token}#${time}`;
