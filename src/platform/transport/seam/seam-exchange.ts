import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

export interface SeamAnswer<B = Buffer> {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: B;
}

type Controller = Dispatcher.DispatchController;

/** One request and its whole answer: no stream and no signal, which cost as much as the request itself. */
export class Exchange implements Dispatcher.DispatchHandler {
  #controller: Controller | undefined;
  #reason: Error | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  readonly #parts: Buffer[] = [];

  constructor(private readonly settle: { resolve(answer: SeamAnswer): void; reject(error: Error): void }) {}

  /** Gives it up, wherever it is, for this reason. */
  abort(reason: Error): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.settle.reject(reason);
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#reason) controller.abort(this.#reason);
  }

  onResponseStart(_: Controller, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Controller, part: Buffer): void {
    this.#parts.push(part);
  }

  onResponseEnd(): void {
    const body = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.settle.resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_: Controller, error: Error): void {
    this.settle.reject(error);
  }
}
