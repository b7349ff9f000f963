/**
 * The outcome of `work`, unless it takes too long: a later result is ignored.
 *
 * @param deadline milliseconds since the epoch
 * @param late what it fails with then
 */
export function before<T>(deadline: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), Math.max(0, deadline - Date.now()));
    const inTime = (settle: () => void) => {
      clearTimeout(timer);
      settle();
    };
    work.then(
      (result) => inTime(() => resolve(result)),
      (error: Error) => inTime(() => reject(error)),
    );
  });
}
