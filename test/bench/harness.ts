/** One line of the report. */
export interface Row {
  benchmark: string;
  target: string;
  measured: string;
  /** Absent where there is no target, or it could not be judged. */
  reached?: boolean;
}

/** How a benchmark is to be run. */
export interface Bench {
  /** How often every side is measured. */
  turns: number;
  /** Runs our side only, as a profiler wants it: there are no ratios then. */
  alone: boolean;
  /** Whether the part of this name was asked for. */
  readonly wants: (part: string) => boolean;
  /** Tells whoever waits how far it is. */
  readonly say: (line: string) => void;
}

/** What `npm run bench -- NAME` runs: the file `test/bench/NAME.ts` exports one under its name. */
export type Benchmark = (bench: Bench) => Promise<Row[]>;

/** A figure of one side per turn, the higher the better unless the report says otherwise. */
type Measure = () => Promise<number>;

/**
 * Measures every side once a turn, in an order that changes from turn to turn, so that what the machine does besides hits
 * all of them alike.
 */
export async function inTurns(bench: Bench, sides: Readonly<Record<string, Measure>>): Promise<Series> {
  const names = Object.keys(sides);
  const figures = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let turn = 0; turn < bench.turns; turn++) {
    const order = turn % 2 === 0 ? names : names.toReversed();
    for (const name of order) {
      const figure = await sides[name]!();
      figures.get(name)!.push(figure);
      bench.say(`  ${turn + 1}/${bench.turns} ${name}: ${count(figure)}`);
    }
  }
  return new Series(figures);
}

/** What was measured, by side. */
export class Series {
  constructor(private readonly figures: ReadonlyMap<string, readonly number[]>) {}

  has(side: string): boolean {
    return this.figures.has(side);
  }

  /** The median of a side. */
  of(side: string): number {
    return median(this.figures.get(side) ?? []);
  }

  /** The median of the ratios of two sides, each ratio from one turn; NaN when one of them was not measured. */
  ratio(side: string, to: string): number {
    const others = this.figures.get(to) ?? [];
    return median((this.figures.get(side) ?? []).map((figure, turn) => figure / (others[turn] ?? NaN)));
  }
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value below which this share of all values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/** `12,345` for large numbers, three digits for small ones. */
export function count(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

export const times = (ratio: number): string => `${ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(1)} ×`;

/** Whether all hold; `undefined` when a figure is missing. */
export function holds(...conditions: readonly [number, '≥' | '≤', number][]): boolean | undefined {
  if (conditions.some(([value]) => Number.isNaN(value))) return undefined;
  return conditions.every(([value, sign, bound]) => (sign === '≥' ? value >= bound : value <= bound));
}
