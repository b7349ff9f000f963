import { Module } from '@nestjs/common';
import { ActionsHttp } from './actions.http.js';
import { Deliveries } from './deliveries.js';
import { DeliveriesHttp } from './deliveries.http.js';
import { Sagas } from './sagas.js';
import { SagasHttp } from './sagas.http.js';
import { Schedules } from './schedules.js';
import { SchedulesHttp } from './schedules.http.js';

/** What people who look after the running system see and do, over HTTP. */
@Module({
  providers: [Deliveries, Sagas, Schedules],
  controllers: [ActionsHttp, DeliveriesHttp, SagasHttp, SchedulesHttp],
})
export class OperationsModule {}
