import type { SeamCall } from '../../platform/observability/crossings.js';

const WINDOW_MS = 5 * 60_000;
const MAX_SEEN = 20_000;

/** What went over one seam lately. */
export interface Flow {
  from: string;
  to: string;
  message: string;
  kind: SeamCall['kind'];
  count: number;
  perSecond: number;
  /** Milliseconds. */
  p95: number;
  /** Without an answer, or failed. */
  errors: number;
  refused: number;
  /** The oldest that was handled: milliseconds since it was said; absent where nothing is stored. */
  ageMs?: number;
}

/** The messages of the last five minutes, in the memory of this process. */
export class Traffic {
  #seen: (SeamCall & { at: number })[] = [];

  readonly note = (crossing: SeamCall): void => {
    this.#seen.push({ ...crossing, at: Date.now() });
    if (this.#seen.length > MAX_SEEN * 2) this.#seen = this.#seen.slice(-MAX_SEEN);
  };

  /** By seam and message; the busiest first. */
  flows(now = Date.now()): Flow[] {
    const groups = new Map<string, SeamCall[]>();
    for (const seen of this.#seen) {
      if (seen.at < now - WINDOW_MS) continue;
      const key = `${seen.from} ${seen.to} ${seen.message}`;
      groups.set(key, [...(groups.get(key) ?? []), seen]);
    }
    const seconds = this.#seconds(now);
    return [...groups.values()].map((group) => flowOf(group, seconds)).sort((a, b) => b.count - a.count);
  }

  /** How long it has been watched, at most the window. */
  #seconds(now: number): number {
    const first = this.#seen[0]?.at ?? now;
    return Math.max(1, Math.min(WINDOW_MS, now - first) / 1000);
  }
}

/** Several flows as one, such as all between two modules. */
export function together(flows: readonly Flow[]): Pick<Flow, 'count' | 'perSecond' | 'p95' | 'errors'> {
  const sum = (pick: (flow: Flow) => number) => flows.reduce((total, flow) => total + pick(flow), 0);
  const p95 = Math.max(0, ...flows.map((flow) => flow.p95));
  return { count: sum((f) => f.count), perSecond: sum((f) => f.perSecond), errors: sum((f) => f.errors), p95 };
}

function flowOf(group: readonly SeamCall[], seconds: number): Flow {
  const { from, to, message, kind } = group[0]!;
  const times = group.map(({ ms }) => ms).sort((a, b) => a - b);
  const ages = group.flatMap(({ ageMs }) => (ageMs === undefined ? [] : [ageMs]));
  const failing = group.filter(({ ending }) => ['fault', 'down', 'timeout'].includes(ending));
  return {
    from,
    to,
    message,
    kind,
    count: group.length,
    perSecond: group.length / seconds,
    p95: times[Math.min(times.length - 1, Math.floor(times.length * 0.95))]!,
    errors: failing.length,
    refused: group.filter(({ ending }) => ending === 'refused').length,
    ...(ages.length > 0 && { ageMs: Math.max(0, ...ages) }),
  };
}
