import type { OnModuleDestroy } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { RequestRefused } from './problem.js';

/** Whether the process is shutting down. What was begun is finished; nothing new is. */
@Injectable()
export class Closing implements OnModuleDestroy {
  begun = false;

  onModuleDestroy(): void {
    this.begun = true;
  }
}

export function shuttingDown(): RequestRefused {
  const message = 'This process is shutting down. Try again: another one answers.';
  return new RequestRefused(503, 'shutting_down', message, { 'Retry-After': '1' });
}
