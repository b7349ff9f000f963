import { Controller, Get, Query } from '@nestjs/common';
import { z } from 'zod';
import { OPERATORS } from '../http/auth/roles.js';
import { AllowRoles, Undocumented } from '../http/decorators.js';
import { Runtime } from '../runtime/runtime.js';
import { listActions } from './actions.js';

const ListQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(200) });

/** What operators did, and why: `npm run deliveries -- actions` for staff, as JSON. */
@Controller('_ops/actions')
@AllowRoles(...OPERATORS)
@Undocumented()
export class ActionsHttp {
  constructor(private readonly runtime: Runtime) {}

  @Get()
  async list(@Query({ schema: ListQuery }) { limit }: z.output<typeof ListQuery>) {
    return { items: await listActions(this.runtime, limit) };
  }
}
