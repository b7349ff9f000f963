/**
 * The clock of this process, for tests in which it is wrong or jumps: import it before anything else. Timers go on as they
 * are, as those of the system do; the database has a clock of its own.
 */
const Real = globalThis.Date;
let shift = 0;

globalThis.Date = class extends Real {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(Real.now() + shift);
    else super(...(given as [number]));
  }

  static override now(): number {
    return Real.now() + shift;
  }
} as DateConstructor;

/** @param ms forward, or back when negative */
export function jump(ms: number): void {
  shift += ms;
}
