/** The files that stand for packages which decide for the whole application. */
export function standIn(file: string, module: string, role: string): string {
  return file.includes('schedule') ? schedule(module, role) : EVENT_EMITTER;
}

const EVENT_EMITTER = `import type { OnApplicationBootstrap, Type } from '@nestjs/common';
import { Injectable, Logger } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

type Listener = (...values: unknown[]) => unknown;

/**
 * Stands for @nestjs/event-emitter, within this module: what is emitted is heard by its own classes, in this process, or
 * is lost. An event that has to arrive is published: docs/guides/bring-in-a-module.md.
 */
const listeners: { type: Type; method: string; event: string }[] = [];

export function OnEvent(event: string, _options?: object): MethodDecorator {
  return ({ constructor }, method) => void listeners.push({ type: constructor as Type, method: String(method), event });
}

@Injectable()
export class EventEmitter2 implements OnApplicationBootstrap {
  readonly #log = new Logger(EventEmitter2.name);
  readonly #listeners = new Map<string, Listener[]>();

  constructor(private readonly modules: ModuleRef) {}

  onApplicationBootstrap(): void {
    for (const { type, method, event } of listeners) {
      const listener = this.modules.get<Record<string, Listener>>(type);
      this.on(event, (...values) => listener[method]!(...values));
    }
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  /** Waits for nobody. */
  emit(event: string, ...values: unknown[]): boolean {
    void this.emitAsync(event, ...values);
    return this.#listeners.has(event);
  }

  /** Waits for whoever listens. */
  async emitAsync(event: string, ...values: unknown[]): Promise<unknown[]> {
    return await Promise.all((this.#listeners.get(event) ?? []).map((listener) => this.#tell(listener, values)));
  }

  /** A listener that fails is nobody else's failure. */
  async #tell(listener: Listener, values: unknown[]): Promise<unknown> {
    try {
      return await listener(...values);
    } catch (error) {
      this.#log.error(error);
      return undefined;
    }
  }
}
`;

const schedule = (module: string, role: string) => `import type { Type } from '@nestjs/common';
import { Controller, HttpCode, NotFoundException, Param, Post } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { AllowRoles } from '../../../src/platform/http/index.js';

/**
 * Stands for @nestjs/schedule: it knows the jobs, and runs none by itself. Something outside, such as cron, asks for each at
 * its time: POST /v1/${module}/jobs/<name of the method>. See docs/guides/bring-in-a-module.md.
 */
const jobs = new Map<string, Type>();

function job(): MethodDecorator {
  return ({ constructor }, method) => void jobs.set(String(method), constructor as Type);
}

export const Cron = (_when: unknown, _options?: object) => job();
export const Interval = (..._when: unknown[]) => job();
export const Timeout = (..._when: unknown[]) => job();
/** Its values are only read by people. */
export const CronExpression: Readonly<Record<string, string>> = {};

@Controller('v1/${module}/jobs')
export class JobsController {
  constructor(private readonly modules: ModuleRef) {}

  @Post(':job')
  @AllowRoles('${role}')
  @HttpCode(204)
  async run(@Param('job') name: string): Promise<void> {
    const type = jobs.get(name);
    if (!type) throw new NotFoundException();
    await this.modules.get<Record<string, () => unknown>>(type)[name]!();
  }
}
`;
