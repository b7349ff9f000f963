import type { OnModuleDestroy } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { RequestRefused } from './problem.js';

/** Whether the process is shutting down. What was begun is finished; nothing new is. */
@Injectable()
export class Closing implements OnModuleDestroy {
  begun = false;
  #answering = 0;
  #cut: () => void = () => undefined;

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
