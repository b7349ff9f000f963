import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import type { z } from 'zod';
import { OPERATORS } from '../http/auth/roles.js';
import { AllowRoles, Undocumented } from '../http/decorators.js';
import { Reasoned, whyByToken } from './actions.js';
import { Schedules } from './schedules.js';

/** `npm run schedules` for staff. The same facts, as JSON. */
@Controller('_ops/schedules')
@AllowRoles(...OPERATORS)
@Undocumented()
export class SchedulesHttp {
  constructor(private readonly schedules: Schedules) {}

  @Get()
  async list() {
    return { items: await this.schedules.list() };
  }

  @Post(':id/run')
  @HttpCode(204)
  async run(@Param('id') id: string, @Body({ schema: Reasoned }) { reason }: z.output<typeof Reasoned>) {
    await this.schedules.run(id, whyByToken(reason));
  }

  @Post(':id/pause')
  @HttpCode(204)
  async pause(@Param('id') id: string, @Body({ schema: Reasoned }) { reason }: z.output<typeof Reasoned>) {
    await this.schedules.pause(id, whyByToken(reason));
  }

  @Post(':id/resume')
  @HttpCode(204)
  async resume(@Param('id') id: string, @Body({ schema: Reasoned }) { reason }: z.output<typeof Reasoned>) {
    await this.schedules.resume(id, whyByToken(reason));
  }
}
