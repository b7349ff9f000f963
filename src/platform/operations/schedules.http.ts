import { Controller, Get } from '@nestjs/common';
import { OPERATORS } from '../http/auth/roles.js';
import { AllowRoles, Undocumented } from '../http/decorators.js';
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
}
