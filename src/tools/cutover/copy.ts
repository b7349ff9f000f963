import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type pg from 'pg';
import type { Side } from './side.js';
import { STATE_TABLE } from './side.js';

/** So many bytes are sent together, and about as many may wait on the way. */
const PORTION_BYTES = 65_536;
const WAITING_BYTES = 1_048_576;

/** What `pg` offers to statements that stream, and does not declare. */
interface Wire {
  readonly stream: Writable & { pause(): void; resume(): void };
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  sendCopyFail(reason: string): void;
  endCopyFrom(): void;
}

/** A statement that runs by itself: what `pg` asks of one that it is given. */
class Copying {
  readonly done: Promise<void>;
  #settle!: { resolve(): void; reject(error: Error): void };
  #failure: Error | undefined;

  constructor(
    private readonly text: string,
    private readonly hear: { data?(chunk: Buffer): void; ready?(wire: Wire): void } = {},
  ) {
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.done.catch(() => undefined);
  }

  submit(wire: Wire): void {
    wire.query(this.text);
  }

  handleCopyInResponse(wire: Wire): void {
    this.hear.ready?.(wire);
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    this.hear.data?.(chunk);
  }

  handleCommandComplete(): void {}

  /** A lost connection says no more than this; a refused statement is followed by {@link handleReadyForQuery}. */
  handleError(error: Error): void {
    this.#failure ??= error;
    this.#settle.reject(error);
  }

  handleReadyForQuery(): void {
    if (!this.#failure) this.#settle.resolve();
  }
}

/**
 * Replaces the rows of a module at `to` by those at `from`, in one transaction, table by table. Nobody may write to either meanwhile. Takes
 * no more memory for more rows.
 *
 * @throws the database's error; nothing has changed then
 */
export async function copyRows(from: Side, to: Side): Promise<void> {
  const tables = await inOrder(to);
  // Of its own: where a copy fails, what is left to read of the table is not waited for.
  const source = await from.again();
  const all = tables.map((table) => to.table(table)).join(', ');
  await to.client.query('BEGIN');
  try {
    await to.client.query(`TRUNCATE ${all}`);
    const triggers = await ordinaryTriggers(to);
    for (const each of triggers) await to.client.query(`ALTER TABLE ${each} DISABLE TRIGGER USER`);
    for (const table of tables) await copyTable(from.table(table), source, to, table);
    for (const each of triggers) await to.client.query(`ALTER TABLE ${each} ENABLE TRIGGER USER`);
    await to.client.query('COMMIT');
  } catch (error) {
    await to.client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    await source.end();
  }
}

async function copyTable(from: string, source: pg.Client, to: Side, table: string): Promise<void> {
  const text = `SELECT attname AS name FROM pg_attribute
                 WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`;
  const columns = (await to.rows<{ name: string }>(text, [to.table(table)])).map(({ name }) => to.id(name)).join(', ');
  if (columns === '') return;
  const write = `COPY ${to.table(table)} (${columns}) FROM STDIN`;
  const read = `COPY (SELECT ${columns} FROM ${from}) TO STDOUT`;
  await stream([source, read], [to.client, write]);
}

/** Streams what one statement gives into another one, and holds the first back while the second is behind. */
async function stream([source, read]: [pg.Client, string], [sink, write]: [pg.Client, string]): Promise<void> {
  const input = wireOf(source);
  let output: Wire | undefined;
  let portion: Buffer[] = [];
  let size = 0;
  const send = () => {
    if (size > 0) output!.sendCopyFromChunk(Buffer.concat(portion, size));
    [portion, size] = [[], 0];
    if (output!.stream.writableLength <= WAITING_BYTES) return;
    input.stream.pause();
    void once(output!.stream, 'drain').then(
      () => input.stream.resume(),
      () => input.stream.resume(),
    );
  };
  const writing = new Copying(write, { ready: (wire) => (output = wire) && begin() });
  const reading = new Copying(read, {
    data: (chunk) => {
      // The next message overwrites it.
      portion.push(Buffer.from(chunk));
      size += chunk.length;
      if (size >= PORTION_BYTES) send();
    },
  });
  const begin = () => source.query(reading as never);
  sink.query(writing as never);
  reading.done.then(
    () => (send(), output!.endCopyFrom()),
    (error: Error) => output!.sendCopyFail(error.message),
  );
  await writing.done;
  await reading.done;
}

const wireOf = (client: pg.Client) => (client as unknown as { connection: Wire }).connection;

/** Tables with triggers of the module's own, all of them as they usually are: rows that are copied have set them off before. */
async function ordinaryTriggers(side: Side): Promise<string[]> {
  const text = `SELECT relname AS name FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = to_regnamespace($1)
                   AND NOT tgisinternal AND NOT relispartition GROUP BY relname HAVING bool_and(tgenabled = 'O') ORDER BY 1`;
  const tables = await side.rows<{ name: string }>(text, [side.id(side.module)]);
  return tables.map(({ name }) => side.table(name));
}

/** What is referred to comes first. */
async function inOrder(side: Side): Promise<string[]> {
  const { order, circle } = await byReference(side);
  if (circle.length > 0) throw new Error(`the foreign keys of ${circle.join(', ')} form a circle`);
  return order;
}

/** The tables so that each comes after those that it refers to; `circle` has those for which there is no such order. */
export async function byReference(side: Side): Promise<{ order: string[]; circle: string[] }> {
  const text = `SELECT c.relname AS name, r.relname AS other FROM pg_constraint JOIN pg_class c ON c.oid = conrelid
                  JOIN pg_class r ON r.oid = confrelid WHERE contype = 'f' AND conparentid = 0 AND conrelid <> confrelid
                   AND c.relnamespace = to_regnamespace($1)`;
  const references = await side.rows<{ name: string; other: string }>(text, [side.id(side.module)]);
  let circle = (await side.tables()).filter((table) => table !== STATE_TABLE);
  const order: string[] = [];
  for (;;) {
    const left = new Set(circle);
    const free = circle.filter((table) => !references.some(({ name, other }) => name === table && left.has(other)));
    if (free.length === 0) return { order, circle };
    order.push(...free);
    circle = circle.filter((table) => !free.includes(table));
  }
}
