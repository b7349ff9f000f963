const MAX_WAIT_S = 30;
const WAIT = /(?:^|[,;\s])wait\s*=\s*"?(\d+)"?\s*(?:$|[,;])/i;

/**
 * How long the client would like to wait for a final answer: `Prefer: wait=N` of RFC 7240.
 *
 * @param header the `Prefer` header
 * @returns milliseconds, at most 30,000; 0 when it is absent or malformed
 */
export function preferredWaitMs(header: string | undefined): number {
  const seconds = WAIT.exec(header ?? '')?.[1];
  return seconds === undefined ? 0 : Math.min(Number(seconds), MAX_WAIT_S) * 1000;
}
