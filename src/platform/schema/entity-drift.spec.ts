import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { ColumnOptions } from 'typeorm';
import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  JoinColumn,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Unique,
  ViewEntity,
} from 'typeorm';
import { moduleUrl } from '../connection/urls.js';
import { createDatabase, dropDatabase } from '../testing/index.js';
import { entityDrift } from './entity-drift.js';
import { migrate } from './migrate.js';
import { provision, withAdministrator } from './provision.js';

const module = 'library';
const TABLES = `
  CREATE TABLE book (
    book_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    isbn     text COLLATE "C" NOT NULL UNIQUE,
    pages    integer NOT NULL CHECK (pages > 0),
    added_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE loan (
    loan_id uuid PRIMARY KEY,
    book_id uuid NOT NULL REFERENCES book,
    state   text NOT NULL DEFAULT 'out'
  );
  CREATE TABLE stamp (stamp_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
  CREATE TABLE fine (fine_id uuid PRIMARY KEY, cents integer NOT NULL, euros integer GENERATED ALWAYS AS (cents / 100) STORED);
`;

@Entity('book')
@Check('book_pages_check', 'pages > 0')
@Unique('book_isbn_key', ['isbn'])
class Book {
  @PrimaryGeneratedColumn('uuid', { name: 'book_id' })
  bookId!: string;

  @Column({ type: 'text', collation: 'C' })
  isbn!: string;

  @Column('integer')
  pages!: number;

  @CreateDateColumn({ name: 'added_at', type: 'timestamptz' })
  addedAt!: Date;

  @OneToMany(() => Loan, (loan) => loan.book)
  loans!: Loan[];
}

@Entity('loan')
class Loan {
  @PrimaryColumn('uuid', { name: 'loan_id' })
  loanId!: string;

  @ManyToOne(() => Book, (book) => book.loans, { nullable: false })
  @JoinColumn({ name: 'book_id', foreignKeyConstraintName: 'loan_book_id_fkey' })
  book!: Book;

  @Column('text', { default: 'out' })
  state!: string;
}

let adminUrl: string;
let url: string;

beforeAll(async () => {
  adminUrl = await createDatabase();
  url = moduleUrl(adminUrl, module);
  await withAdministrator(adminUrl, (client) => provision(client, [{ module, url }]));
  await migrate({ module, url, migrations: [] });
  await run(TABLES);
});
afterAll(() => dropDatabase(adminUrl));

async function run(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, options: `-c search_path=${module}` });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

const driftOf = (...entities: (new () => object)[]) => entityDrift({ module, url, entities });

/** A stamp, with one column more than its table has. */
function stamp(type: 'text' | 'enum', options: ColumnOptions = {}): new () => object {
  @Entity('stamp')
  class Stamp {
    @PrimaryGeneratedColumn('identity', { name: 'stamp_id', type: 'bigint' })
    stampId!: string;

    @Column(type, options)
    motif!: string;
  }
  return Stamp;
}

describe('entities and tables', () => {
  it('agree, with relations and constraints that a person named, and beside tables without an entity', async () => {
    expect(await driftOf(Book, Loan)).toEqual({ up: [], down: [] });
    expect(await driftOf()).toEqual({ up: [], down: [] });
  });

  it('have drifted apart where a column is missing: the statements are named, which name no schema', async () => {
    expect(await driftOf(stamp('text'))).toEqual({
      up: ['ALTER TABLE "stamp" ADD "motif" text NOT NULL'],
      down: ['ALTER TABLE "stamp" DROP COLUMN "motif"'],
    });
    const { up } = await driftOf(stamp('enum', { enum: ['ship', 'bird'] }));
    expect(up).toEqual([
      `CREATE TYPE "stamp_motif_enum" AS ENUM('ship', 'bird')`,
      'ALTER TABLE "stamp" ADD "motif" "stamp_motif_enum" NOT NULL',
    ]);
  });

  it('have drifted apart where a column is another one, or is of no entity any more', async () => {
    @Entity('loan')
    class Lent {
      @PrimaryColumn('uuid', { name: 'loan_id' })
      loanId!: string;

      @Column('text', { default: 'gone' })
      state!: string;
    }
    const { up } = await driftOf(Lent);
    expect(up).toContain('ALTER TABLE "loan" DROP COLUMN "book_id"');
    expect(up).toContain(`ALTER TABLE "loan" ALTER COLUMN "state" SET DEFAULT 'gone'`);
  });

  it('can be brought together by the statements, and apart again', async () => {
    @Entity('shelf')
    class Shelf {
      @PrimaryGeneratedColumn('uuid')
      id!: string;

      @ManyToOne(() => Shelf)
      above!: Shelf;
    }
    const { up, down } = await driftOf(Shelf);
    await run(up.join(';'));
    expect(await driftOf(Shelf)).toEqual({ up: [], down: [] });
    await run(down.join(';'));
    expect(await driftOf(Shelf)).toEqual({ up, down });
  });

  it('are not compared where the database computes a column', async () => {
    @Entity('fine')
    class Fine {
      @PrimaryColumn('uuid', { name: 'fine_id' })
      fineId!: string;
    }
    await expect(driftOf(Fine)).rejects.toThrow('fine.euros is computed by the database');
    const computed = stamp('text', { asExpression: '1', generatedType: 'STORED' });
    await expect(driftOf(computed)).rejects.toThrow('Stamp.motif is computed by the database');
  });

  it('leave views alone', async () => {
    @ViewEntity({ expression: 'SELECT 1 AS one' })
    class Seen {}
    expect(await driftOf(Seen)).toEqual({ up: [], down: [] });
  });
});
