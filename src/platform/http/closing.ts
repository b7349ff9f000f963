import { setMaxListeners } from 'node:events';
import type { OnModuleDestroy } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { RequestRefused } from './problems/problem.js';

/** Upstream calls are aborted this many milliseconds after shutdown began, so that their clients still get an answer. */
const SHUTDOWN_GRACE_MS = 15_000;

/** Whether the process is shutting down. What was begun is finished; nothing new is. */
@Injectable()
export class Closing implements OnModuleDestroy {
  begun = false;
  /** Aborts when whoever still waits for another process has to give up. */
  readonly late: AbortSignal;
  readonly #late = new AbortController();
  #closeConnections: () => void = () => undefined;

  constructor() {
    this.late = this.#late.signal;
    setMaxListeners(0, this.late);
  }

  /** @param closeConnections called when the process begins to close */
  onBegin(closeConnections: () => void): void {
    this.#closeConnections = closeConnections;
  }

  onModuleDestroy(): void {
    this.begun = true;
    setTimeout(() => this.#late.abort(), SHUTDOWN_GRACE_MS).unref();
    this.#closeConnections();
  }
}

export function shuttingDown(): RequestRefused {
  const message = 'This process is shutting down. Try again: another one answers.';
  return new RequestRefused(503, 'shutting_down', message, { 'Retry-After': '1' });
}
