import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { keepOutbox } from '../../src/platform/delivery/maintenance/retention.js';
import { acceptRewound } from '../../src/platform/operations/rewound-consumers.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import type { Replica } from '../support/replica.js';
import { openReplica, startReplica } from '../support/replica.js';
import { FillCopy, MirrorModule, PutBook, ShelfModule, TakeBook, trouble } from '../support/shelves.js';

const COPY = 'mirror.copy';
const KEEP = { keepMs: 7 * 86_400_000, partitionRows: 250_000 };
const BOOKS = 40;
const bookOf = (n: number) => `book ${String(n).padStart(2, '0')}`;

jest.setTimeout(90_000);

describe('a consumer that is new after the retention', () => {
  let data: TestDatabase;
  let owner: Replica;
  let mirror: Replica;

  beforeEach(async () => {
    trouble.between = () => Promise.resolve();
    data = await testDatabase([ShelfModule, MirrorModule]);
    owner = await startReplica(data, [ShelfModule]);
    for (let n = 0; n < BOOKS; n++) await put(bookOf(n), 'of old');
    await owner.sql('shelf', `UPDATE outbox SET created_at = created_at - interval '8 days'`);
    await eventually(
      async () => {
        await keepOutbox(owner.runtime.database('shelf'), [], KEEP, []);
        return (await owner.sql('shelf', 'SELECT FROM outbox')).length === 0;
      },
      'the old messages being dropped',
      60_000,
    );
    mirror = await openReplica(data, [ShelfModule, MirrorModule]);
  });
  afterEach(async () => {
    await Promise.all([owner.stop(), mirror.stop()]);
    await data.drop();
  });

  const put = (book: string, title: string) => owner.execute(new PutBook({ book, title }));
  const take = (book: string) => owner.execute(new TakeBook({ book }));
  const linesOf = async (module: string, table: string) => {
    const text = `SELECT concat(book, ': ', title) AS line FROM ${table} ORDER BY book`;
    return (await mirror.sql<{ line: string }>(module, text)).map(({ line }) => line);
  };
  const owned = () => linesOf('shelf', 'book');
  const copied = () => linesOf('mirror', 'copy');
  const toBeEqual = () =>
    eventually(async () => expect(await copied()).toEqual(await owned()) ?? true, 'the copy being complete', 20_000);

  /** @returns the positions of all pages */
  async function fill(): Promise<number[]> {
    const positions: number[] = [];
    for (
      let page: { position: number; next?: string | undefined } = { position: 0, next: '' };
      page.next !== undefined;
    ) {
      const copy = new FillCopy(page.next === '' ? {} : { after: page.next });
      // Where the feed writes the same rows in another order, one of both is told of a deadlock, and goes again.
      page = await eventually(() => mirror.execute(copy), 'a page being copied');
      positions.push(page.position);
    }
    return positions;
  }

  /** While the first page is under way a book is changed, one is taken, and one is put where the pages have been. */
  function writeMeanwhile(heard: boolean): void {
    trouble.between = async () => {
      trouble.between = () => Promise.resolve();
      await put(bookOf(5), 'changed');
      await take(bookOf(6));
      await put(`${bookOf(7)}a`, 'new');
      const said = async () => (await copied()).includes(`${bookOf(7)}a: new`);
      if (heard) await eventually(said, 'the changes being heard');
      // What is to be too late a position is none before the watch has seen the changes.
      const shelf = mirror.runtime.database('shelf');
      const last = `SELECT max(seq)::float8 AS last FROM outbox`;
      const [row] = await owner.sql<{ last: number }>('shelf', last);
      await eventually(async () => (await shelf.position()) >= row!.last, 'the changes being seen');
    };
  }

  it('learns the past page by page, and hears the rest, whoever writes meanwhile', async () => {
    mirror.runtime.startDelivery();
    let over = false;
    // Each has its own books: what takes one that is not there does not wait for who puts it there.
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let n = writer; !over; n += 4) {
        await put(bookOf(n % (BOOKS + 20)), `by ${writer}: ${n}`);
        await take(bookOf((n + 20) % (BOOKS + 20)));
      }
    });
    const positions = await fill();
    expect(positions.length).toBeGreaterThan(1);
    await acceptRewound(mirror.runtime, COPY, positions[0]!);
    over = true;
    await Promise.all(writers);
    await toBeEqual();
  });

  it('begins behind what was dropped where nothing is kept', async () => {
    mirror.runtime.startDelivery();
    const [position] = await fill();
    expect(await copied()).toEqual(await owned());
    expect(position).toBeGreaterThanOrEqual(BOOKS);
    await acceptRewound(mirror.runtime, COPY, position!);
    await put(bookOf(1), 'once');
    await toBeEqual();
  });

  it.each([
    ['hears them meanwhile', true],
    ['is deployed afterwards', false],
  ])(
    'a consumer that is new after the retention and %s misses nothing that was written between two pages, with the position of the first',
    async (_, hears) => {
      if (hears) mirror.runtime.startDelivery();
      writeMeanwhile(hears);
      const positions = await fill();
      await acceptRewound(mirror.runtime, COPY, positions[0]!);
      if (!hears) mirror.runtime.startDelivery();
      await toBeEqual();
    },
  );

  it.each([
    ['hears them meanwhile', true, ['book 05: changed']],
    ['is deployed afterwards', false, ['book 05: changed', 'book 07a: new']],
  ])(
    'a consumer that is new after the retention and %s misses some with the position of the last page',
    async (_, hears, missed) => {
      if (hears) mirror.runtime.startDelivery();
      writeMeanwhile(hears);
      const positions = await fill();
      await acceptRewound(mirror.runtime, COPY, positions.at(-1)!);
      if (!hears) mirror.runtime.startDelivery();
      await put(bookOf(30), 'afterwards');
      await eventually(async () => (await copied()).includes(`${bookOf(30)}: afterwards`), 'the next one being heard');
      const [here, there] = [await copied(), await owned()];
      expect(there.filter((line) => !here.includes(line))).toEqual(missed);
      expect(here.filter((line) => !there.includes(line))).toEqual(['book 05: of old', 'book 06: of old']);
    },
  );

  it('is refused a position that is no longer kept, or not yet there, and another producer', async () => {
    const accept = (at: number, producer?: string, name = COPY) => acceptRewound(mirror.runtime, name, at, producer);
    const kept = await owner.runtime.database('shelf').position();
    await expect(accept(kept - 1)).rejects.toMatchObject({
      code: 'no_longer_kept',
      message: `shelf keeps what it said behind ${kept} only: --at ${kept - 1} would miss what came before. Fill the read model again.`,
    });
    await expect(accept(kept + 1)).rejects.toMatchObject({ code: 'beyond_the_end' });
    await expect(accept(kept, 'mirror')).rejects.toMatchObject({
      code: 'unknown_producer',
      message: 'mirror.copy hears nothing of mirror, but of shelf.',
    });
    await expect(accept(kept, undefined, 'mirror.both')).rejects.toMatchObject({
      code: 'several_producers',
      message: 'mirror.both hears mirror, shelf: add --producer NAME.',
    });
    expect(await accept(kept, 'shelf', 'mirror.both')).toMatchObject({ consumer: 'mirror.both', producer: 'shelf' });
  });
});
