import { Body, Controller, Headers, HttpException, Module, Post, StandardSchemaValidationPipe } from '@nestjs/common';
import { APP_PIPE, NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { importJWK, jwtVerify } from 'jose';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EntityManager } from 'typeorm';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { developmentKey } from '../../../src/platform/http/development-key.js';

/**
 * The same checkout as most would write it first: one Nest module, one transaction, the provider called in the middle of it.
 * What it leaves out is what it costs: a provider that hangs holds a connection and the rows of the stock; a crash after
 * the charge loses the order and keeps the money.
 */

const Order = z.strictObject({
  lines: z.array(z.strictObject({ sku: z.string(), quantity: z.int().min(1).max(1000) })).min(1),
  paymentToken: z.string(),
});

const { DATABASE_URL, DATA_DIR } = process.env as Record<'DATABASE_URL' | 'DATA_DIR', string>;
const database = await new DataSource({ type: 'postgres', url: DATABASE_URL, poolSize: 50 }).initialize();
const { d: _, ...publicKey } = await developmentKey(DATA_DIR);
const key = await importJWK(publicKey, 'ES256');
const ledger = join(DATA_DIR, 'plain-provider');
await mkdir(ledger, { recursive: true });

@Controller('v1/orders')
class PlainOrders {
  @Post()
  async place(
    @Body({ schema: Order }) { lines }: z.output<typeof Order>,
    @Headers('idempotency-key') idempotencyKey: string,
    @Headers('authorization') authorization = '',
  ) {
    const { payload } = await jwtVerify(authorization.replace(/^Bearer /, ''), key);
    return await database.transaction((manager) => place(manager, payload.sub!, idempotencyKey, lines));
  }
}

async function place(manager: EntityManager, customer: string, idempotencyKey: string, lines: Line[]) {
  const orderId = randomUUID();
  const skus = lines.map(({ sku }) => sku).sort();
  await manager.query('INSERT INTO answered VALUES ($1, $2, $3)', [customer, idempotencyKey, orderId]);
  const products: Product[] = await manager.query('SELECT * FROM product WHERE sku = ANY ($1)', [skus]);
  const priced = lines.map((line) => ({ ...line, ...products.find(({ sku }) => sku === line.sku)! }));
  const total = priced.reduce((sum, { amount, quantity }) => sum + amount * quantity, 0);
  for (const { sku, quantity } of priced) {
    const [, taken] = await manager.query(
      'UPDATE stock SET reserved = reserved + $2 WHERE sku = $1 AND on_hand - reserved >= $2',
      [sku, quantity],
    );
    if (taken !== 1) throw new HttpException({ code: 'out_of_stock' }, 409);
  }
  await manager.query(`INSERT INTO orders VALUES ($1, $2, 'confirmed', $3, $4, now())`, [
    orderId,
    customer,
    JSON.stringify(priced),
    total,
  ]);
  await charge(orderId, total);
  await manager.query(`INSERT INTO payment VALUES ($1, $2, $3, 'charged')`, [randomUUID(), orderId, total]);
  return { orderId, status: 'confirmed' };
}

interface Line {
  sku: string;
  quantity: number;
}
interface Product {
  sku: string;
  name: string;
  amount: number;
}

/** As safe on the disk as the books of the simulated provider. */
async function charge(orderId: string, amount: number): Promise<void> {
  await writeFile(join(ledger, orderId), String(amount), { flag: 'wx', flush: true });
}

@Module({
  controllers: [PlainOrders],
  providers: [{ provide: APP_PIPE, useClass: StandardSchemaValidationPipe }],
})
class PlainShop {}

const app = await NestFactory.create<NestFastifyApplication>(PlainShop, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
process.stdout.write(`${await app.getUrl()}\n`);
