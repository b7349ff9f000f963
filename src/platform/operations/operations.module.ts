import { Module } from '@nestjs/common';
import { Deliveries } from './deliveries.js';
import { DeliveriesHttp } from './deliveries.http.js';

/** What people who look after the running system see and do, over HTTP. */
@Module({ providers: [Deliveries], controllers: [DeliveriesHttp] })
export class OperationsModule {}
