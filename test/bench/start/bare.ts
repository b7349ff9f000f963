import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';

/** The least that Nest and TypeORM can be: one table, one route. */
@Entity()
class Product {
  @PrimaryColumn('text')
  sku!: string;
  @Column('text')
  name!: string;
}

const database = await new DataSource({
  type: 'postgres',
  url: process.env['DATABASE_URL']!,
  entities: [Product],
  synchronize: true,
}).initialize();

@Controller('products')
class Products {
  @Get()
  async list() {
    return await database.getRepository(Product).find({ take: 10 });
  }
}

@Module({ controllers: [Products] })
class Bare {}

const app = await NestFactory.create<NestFastifyApplication>(Bare, new FastifyAdapter(), { logger: false });
await app.listen(Number(process.env['PORT']), '127.0.0.1');
