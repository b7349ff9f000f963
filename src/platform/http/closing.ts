import { setMaxListeners } from 'node:events';
import type { OnModuleDestroy } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { RequestRefused } from './problem.js';

/** So long after the process began to close, milliseconds: time is left to answer before it is ended. */
const LATE_MS = 15_000;

/** Whether the process is shutting down. What was begun is finished; nothing new is. */
@Injectable()
export class Closing implements OnModuleDestroy {
  begun = false;
  /** Aborts when whoever still waits for another process has to give up. */
  readonly late: AbortSignal;
  readonly #late = new AbortController();
  #answering = 0;
  #cut: () => void = () => undefined;

  constructor() {
    this.late = this.#late.signal;
    setMaxListeners(0, this.late);
  }

  /** @param cut closes every connection; called once the process is closing and nothing is being answered any more */
  whenDone(cut: () => void): void {
    this.#cut = cut;
  }

  enter(): void {
    this.#answering++;
  }

  leave(): void {
    this.#answering--;
    this.#cutIfDone();
  }

  onModuleDestroy(): void {
    this.begun = true;
    setTimeout(() => this.#late.abort(), LATE_MS).unref();
    this.#cutIfDone();
  }

  /** Connections on which nothing is asked, or never finished being asked, would keep the process. */
  #cutIfDone(): void {
    if (this.begun && this.#answering === 0) setImmediate(this.#cut);
  }
}

export function shuttingDown(): RequestRefused {
  const message = 'This process is shutting down. Try again: another one answers.';
  return new RequestRefused(503, 'shutting_down', message, { 'Retry-After': '1' });
}
