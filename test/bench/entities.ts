import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandBus, CommandHandler } from '@nestjs/cqrs';
import { Injectable } from '@nestjs/common';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { z } from 'zod';
import { BoundedContext, Database, defineCommand } from '../../src/platform/index.js';
import { childContext, runInScope } from '../../src/platform/messaging/context/context.js';
import { testDatabase } from '../../src/platform/testing/index.js';
import type { Bench, Row } from './harness.js';
import { inTurns, times } from './harness.js';
import { poolOf, withServer } from './server.js';
import { COUNTED, Counter } from './shop/statements.js';
import { Stage } from './stage.js';

const COMMANDS = 2000;
const ROWS = 1000;

@Entity('book')
class Book {
  @PrimaryColumn('integer', { name: 'book_id' })
  bookId!: number;

  @Column('text')
  title!: string;

  @Column('integer')
  pages!: number;
}

class Books1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE book (book_id integer PRIMARY KEY, title text NOT NULL, pages integer NOT NULL)');
    await runner.query(`INSERT INTO book SELECT n, 'Book ' || n, n FROM generate_series(1, ${ROWS}) n`);
  }

  async down(): Promise<void> {}
}

const how = z.enum(['sql', 'update', 'save']);
class Lengthen extends defineCommand('library.lengthen.v1', { payload: z.object({ bookId: z.int(), how }) }) {}

/** Loads a row, changes it and saves it: by SQL, or by a repository in the two ways that it has. */
@CommandHandler(Lengthen)
class LengthenHandler implements ICommandHandler<Lengthen> {
  constructor(private readonly database: Database) {}

  async execute({ bookId, how: way }: Lengthen) {
    if (way === 'sql') return await this.#bySql(bookId);
    const books = this.database.repository(Book);
    const book = await books.findOneByOrFail({ bookId });
    book.pages += 1;
    await (way === 'save' ? books.save(book) : books.update({ bookId }, { pages: book.pages }));
  }

  async #bySql(bookId: number): Promise<void> {
    const text = 'SELECT book_id AS "bookId", title, pages FROM book WHERE book_id = $1';
    const [book] = await this.database.sql<Book>(text, [bookId]);
    await this.database.sql('UPDATE book SET pages = $2 WHERE book_id = $1', [bookId, book!.pages + 1]);
  }
}

@Injectable()
class Asking {
  constructor(readonly commands: CommandBus) {}
}

@BoundedContext({
  name: 'library',
  contracts: {},
  providers: [LengthenHandler, Asking],
  entities: [Book],
  migrations: [Books1790000000000],
})
class Library {}

/** What it costs to load a row, change it and save it in a command, by a repository against SQL. */
export async function entities(bench: Bench): Promise<Row[]> {
  return await withServer(async () => {
    const database = await testDatabase([Library]);
    const stage = await Stage.open([Library], database);
    const pool = poolOf(database.adminUrl, 1);
    const { commands } = stage.get(Asking);
    const run = (way: z.infer<typeof how>, times = COMMANDS) =>
      runInScope(childContext('POST /', 'library'), undefined, async () => {
        const began = performance.now();
        for (let n = 0; n < times; n++) await commands.execute(new Lengthen({ bookId: (n % ROWS) + 1, how: way }));
        return (performance.now() - began) / times;
      });
    try {
      const statements = new Map<string, number>();
      for (const way of how.options)
        statements.set(way, (await new Counter(pool).price(ROWS, () => run(way, ROWS))).statements);
      const sides = how.options.map((way) => [way, () => run(way)] as const);
      const series = await inTurns(bench, Object.fromEntries(sides));
      const told = (way: string) => `${statements.get(way)!.toFixed(1)} statements, ${series.of(way).toFixed(2)} ms`;
      return (['update', 'save'] as const).map((way) => ({
        benchmark: `Entities: load and change a row in a command, findOneBy and ${way} against two statements of SQL`,
        target: '–',
        measured: `${times(series.ratio(way, 'sql'))} (${told(way)}; SQL ${told('sql')})`,
      }));
    } finally {
      await pool.end();
      await stage.close();
    }
  }, COUNTED);
}
