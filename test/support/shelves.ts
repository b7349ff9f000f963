import type { ICommandHandler, IEventHandler, IQueryHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus, EventsHandler, QueryBus, QueryHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import {
  BoundedContext,
  Database,
  defineCommand,
  defineEvent,
  defineQuery,
  Subscription,
} from '../../src/platform/index.js';

/** Two tiny bounded contexts: an owner of books, and one that keeps a copy, which it can fill page by page. */
const Book = z.object({ book: z.string(), title: z.string() });

export class BookPut extends defineEvent('shelf.book-put.v1', { key: 'book', payload: Book }) {}
export class BookTaken extends defineEvent('shelf.book-taken.v1', {
  key: 'book',
  payload: Book.pick({ book: true }),
}) {}
export class PutBook extends defineCommand('shelf.put-book.v1', { payload: Book }) {}
export class TakeBook extends defineCommand('shelf.take-book.v1', { payload: Book.pick({ book: true }) }) {}
export class ListBooks extends defineQuery('shelf.list-books.v1', {
  payload: z.object({ after: z.string().optional(), limit: z.int() }),
  result: z.object({ position: z.int(), items: z.array(Book), next: z.string().optional() }),
}) {}

@CommandHandler(PutBook)
class PutBookHandler implements ICommandHandler<PutBook> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ book, title }: PutBook) {
    await this.database.sql(UPSERT('book'), [[book], [title]]);
    this.events.publish(new BookPut({ book, title }));
  }
}

@CommandHandler(TakeBook)
class TakeBookHandler implements ICommandHandler<TakeBook> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ book }: TakeBook) {
    await this.database.sql('DELETE FROM book WHERE book = $1', [book]);
    this.events.publish(new BookTaken({ book }));
  }
}

@QueryHandler(ListBooks)
class ListBooksHandler implements IQueryHandler<ListBooks> {
  constructor(private readonly database: Database) {}

  async execute({ after = '', limit }: ListBooks) {
    const position = await this.database.position();
    const text = 'SELECT book, title FROM book WHERE book > $1 ORDER BY book LIMIT $2';
    const items = await this.database.sql<z.output<typeof Book>>(text, [after, limit]);
    return { position, items, ...(items.length === limit && { next: items.at(-1)!.book }) };
  }
}

const UPSERT = (table: string) => `
  INSERT INTO ${table} SELECT * FROM unnest($1::text[], $2::text[])
      ON CONFLICT (book) DO UPDATE SET title = EXCLUDED.title`;

const tableOf = (table: string) =>
  class implements MigrationInterface {
    readonly name = `${table}1790000000000`;

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(`CREATE TABLE ${table} (book text PRIMARY KEY, title text NOT NULL)`);
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(`DROP TABLE ${table}`);
    }
  };

@BoundedContext({
  name: 'shelf',
  contracts: { BookPut, BookTaken, PutBook, TakeBook, ListBooks },
  providers: [PutBookHandler, TakeBookHandler, ListBooksHandler],
  migrations: [tableOf('book')],
})
export class ShelfModule {}

/** What a test does to the copy. */
export const trouble = {
  /** Happens between the reading of a page and its writing. */
  between: (): Promise<void> => Promise.resolve(),
};

@EventsHandler(BookPut, BookTaken)
@Subscription({ name: 'copy', rebuildable: true })
class Copy implements IEventHandler<BookPut | BookTaken> {
  constructor(private readonly database: Database) {}

  async handle(event: BookPut | BookTaken) {
    if (event instanceof BookPut) await this.database.sql(UPSERT('copy'), [[event.book], [event.title]]);
    else await this.database.sql('DELETE FROM copy WHERE book = $1', [event.book]);
  }
}

/** Copies one page of the owner's rows. */
export class FillCopy extends defineCommand('mirror.fill-copy.v1', {
  payload: z.object({ after: z.string().optional() }),
  result: z.object({ position: z.int(), next: z.string().optional() }),
}) {}

@CommandHandler(FillCopy)
class FillCopyHandler implements ICommandHandler<FillCopy> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
  ) {}

  async execute({ after }: FillCopy) {
    const { items, ...where } = await this.queries.execute(new ListBooks({ limit: 10, ...(after && { after }) }));
    await trouble.between();
    await this.database.sql(UPSERT('copy'), [items.map(({ book }) => book), items.map(({ title }) => title)]);
    return where;
  }
}

export class CopyFilled extends defineEvent('mirror.copy-filled.v1', { key: 'book', payload: Book }) {}

/** Hears two producers. */
@EventsHandler(BookPut, CopyFilled)
@Subscription({ name: 'both', rebuildable: true })
class Both implements IEventHandler<BookPut | CopyFilled> {
  handle(): Promise<void> {
    return Promise.resolve();
  }
}

@BoundedContext({
  name: 'mirror',
  contracts: { CopyFilled, FillCopy },
  providers: [Copy, Both, FillCopyHandler],
  migrations: [tableOf('copy')],
})
export class MirrorModule {}
