/** A request by HTTP that has been answered, or was given up by its client. */
export interface Request {
  method: string;
  /** As it is declared: `/v1/things/:id`; `(no route)` where there is none. */
  route: string;
  status: number;
  ms: number;
}

let listener: ((request: Request) => void) | undefined;

/** Tells `next` of every request that is not operational. */
export function onRequest(next: typeof listener): void {
  listener = next;
}

export function requested(request: Request): void {
  listener?.(request);
}
