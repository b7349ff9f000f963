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
import { developmentKey } from '../../../src/platform/http/auth/development-key.js';

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
    if (process.env['SAME_WORK'] === 'yes') return await placeSafely(payload.sub!, idempotencyKey, lines);
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

/**
 * The same work as over five modules, without seams: the intention is committed before the provider is called and its answer after
 * it, the outcome is remembered, and pages of their own are kept for readers. Nobody looks for intentions that were left.
 */
async function placeSafely(customer: string, idempotencyKey: string, lines: Line[]) {
  const [known] = await database.query<{ outcome: object }[]>(
    'SELECT outcome FROM remembered WHERE customer = $1 AND key = $2',
    [customer, idempotencyKey],
  );
  if (known) return known.outcome;
  const [orderId, paymentId] = [randomUUID(), randomUUID()];
  const priced = await pricedOf(lines);
  const total = priced.reduce((sum, { amount, quantity }) => sum + amount * quantity, 0);
  await database.transaction(async (manager) => {
    for (const { sku, quantity } of priced.toSorted((a, b) => (a.sku < b.sku ? -1 : 1)))
      await reserve(manager, sku, quantity);
    const row = [orderId, customer, JSON.stringify(priced), total];
    await manager.query(`INSERT INTO orders VALUES ($1, $2, 'pending', $3, $4, now())`, row);
    await manager.query('INSERT INTO reservation VALUES ($1, $2)', [orderId, JSON.stringify(lines)]);
    await manager.query(`INSERT INTO payment VALUES ($1, $2, $3, 'pending')`, [paymentId, orderId, total]);
    await manager.query(`INSERT INTO order_page VALUES ($1, $2, 'pending', $3, $4, now(), '{}')`, row);
  });
  await charge(orderId, total);
  const outcome = { orderId, status: 'confirmed' };
  await database.transaction(async (manager) => {
    await manager.query(`UPDATE payment SET status = 'charged' WHERE order_id = $1`, [orderId]);
    await manager.query(`UPDATE orders SET status = 'confirmed' WHERE order_id = $1`, [orderId]);
    await manager.query(`INSERT INTO payment_page VALUES ($1, $2, 'charged', $3, now())`, [orderId, paymentId, total]);
    await manager.query(`UPDATE order_page SET status = 'confirmed', moments = moments || $2 WHERE order_id = $1`, [
      orderId,
      { confirmed: new Date().toISOString() },
    ]);
    await manager.query('INSERT INTO remembered VALUES ($1, $2, $3)', [customer, idempotencyKey, outcome]);
  });
  return outcome;
}

async function pricedOf(lines: Line[]) {
  const skus = lines.map(({ sku }) => sku);
  const products = await database.query<Product[]>('SELECT * FROM product WHERE sku = ANY ($1)', [skus]);
  return lines.map((line) => ({ ...line, ...products.find(({ sku }) => sku === line.sku)! }));
}

/** And keeps the page of what is available. */
async function reserve(manager: EntityManager, sku: string, quantity: number): Promise<void> {
  const [[row]] = await manager.query(
    `UPDATE stock SET reserved = reserved + $2 WHERE sku = $1 AND on_hand - reserved >= $2
     RETURNING on_hand - reserved AS available`,
    [sku, quantity],
  );
  if (!row) throw new HttpException({ code: 'out_of_stock' }, 409);
  await manager.query(
    'INSERT INTO availability VALUES ($1, $2) ON CONFLICT (sku) DO UPDATE SET available = excluded.available',
    [sku, row.available],
  );
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
