/** A benchmark whose messages do not come is broken, and says so instead of waiting on. */
const ARRIVAL_TIMEOUT_MS = 300_000;

/** Counts what handlers were given, and says when all of it has come. */
class Arrivals {
  #left = 0;
  #all: (() => void) | undefined;
  /** Is told the number of each message as it arrives. */
  listener: ((number: number) => void) | undefined;

  /** Begins anew. @returns when so many have come */
  expect(messages: number): Promise<void> {
    this.#left = messages;
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`${this.#left} of ${messages} messages did not arrive in five minutes.`));
      const timer = setTimeout(late, ARRIVAL_TIMEOUT_MS);
      this.#all = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  note(number: number): void {
    this.listener?.(number);
    this.add(1);
  }

  add(messages: number): void {
    this.#left -= messages;
    if (this.#left <= 0) this.#all?.();
  }
}

/** Of this process: the handlers of all sides tell it, one side is measured at a time. */
export const arrivals = new Arrivals();
