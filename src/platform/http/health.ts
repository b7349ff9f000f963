import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { before } from '../messaging/context/deadline.js';
import { Closing } from './closing.js';
import { Answers, Operation, Operational } from './decorators.js';
import { HttpOptions } from './http-options.js';

const CHECK_TIMEOUT_MS = 3000;

/** An answer is given again for so long, milliseconds: everybody may ask, and it costs statements. */
const FRESH_MS = 1000;

const ModuleHealth = z.object({
  name: z.string(),
  database: z.enum(['up', 'down', 'remote']),
  remote: z.string().optional().describe('Where the module answers, when it does not run here; not in production'),
  reachable: z.boolean().optional().describe('Whether it answers there'),
  oldestUndeliveredMs: z
    .number()
    .nullable()
    .describe('Age of the oldest message that waits for this module; null when none does'),
  stopped: z
    .array(z.object({ consumer: z.string(), reason: z.string() }))
    .optional()
    .describe('Consumers that do not start, and what to do; everything else works'),
});
/** In production, where the modules are is nobody else's business. */
const WithoutAddress = ModuleHealth.omit({ remote: true });
const Health = z.object({ status: z.enum(['ok', 'unavailable']), modules: z.array(ModuleHealth) });

/** What knows the health of the process; provided by a global module. */
export abstract class HealthSource {
  /** Called in the scope of a request. Whatever takes longer than 3 s counts as not ready. */
  abstract check(): Promise<{ ready: boolean; modules: z.output<typeof ModuleHealth>[] }>;
}

@Controller('health')
@Operational()
export class HealthController {
  #checking: ReturnType<HealthSource['check']> | undefined;

  constructor(
    private readonly source: HealthSource,
    private readonly closing: Closing,
    private readonly options: HttpOptions,
  ) {}

  @Get('live')
  @Operation({ id: 'checkLiveness', summary: 'The process runs; it is not to be restarted' })
  @Answers(200, Health.pick({ status: true }))
  live() {
    return { status: 'ok' };
  }

  @Get('ready')
  @Operation({ id: 'checkReadiness', summary: 'The process can do its work; requests may be sent to it' })
  @Answers(200, Health)
  @Answers(503, Health, 'Not ready, or shutting down')
  async ready(@Res({ passthrough: true }) response: FastifyReply) {
    const { ready, modules } = await this.#recent();
    const ok = ready && !this.closing.begun;
    response.status(ok ? 200 : 503).header('Cache-Control', 'no-store');
    return {
      status: ok ? 'ok' : 'unavailable',
      modules: this.options.production ? modules.map((module) => WithoutAddress.parse(module)) : modules,
    };
  }

  /** The check under way, or one that was done a moment ago. */
  #recent(): ReturnType<HealthSource['check']> {
    if (this.#checking) return this.#checking;
    const forget = () => void setTimeout(() => (this.#checking = undefined), FRESH_MS).unref();
    this.#checking = this.#check().finally(forget);
    return this.#checking;
  }

  async #check(): ReturnType<HealthSource['check']> {
    const late = () => new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`);
    try {
      return await before(Date.now() + CHECK_TIMEOUT_MS, this.source.check(), late);
    } catch (err) {
      this.options.log.warn({ err }, 'the health check failed');
      return { ready: false, modules: [] };
    }
  }
}
