import { Module } from '@nestjs/common';
import { Deliveries } from './deliveries.js';
import { DeliveriesHttp } from './deliveries.http.js';
import { Sagas } from './sagas.js';
import { SagasHttp } from './sagas.http.js';

/** What people who look after the running system see and do, over HTTP. */
@Module({ providers: [Deliveries, Sagas], controllers: [DeliveriesHttp, SagasHttp] })
export class OperationsModule {}
