import type { Database } from '../../transaction/database.js';
import type { Consumer } from '../consumer/consumer.js';
import type { Checkpoint, Selection, Stage, Typed } from './coverage.js';
import { filterOf, stageOf } from './coverage.js';
import { cover } from './covered-set.js';
import type { FeedFilter } from '../feed/feed.js';
import type { Locked, CheckpointKey, Standing } from './progress.js';
import { divide, ensureProgress, moveProgress, readStanding } from './progress.js';
import { takeOver } from './renaming.js';
import type { Share } from './share.js';

/** A checkpoint that is there. */
type Found = Standing & { position: number };

/** Where one loop is in the feed of its producer, and the checkpoint that says so. */
export class ReadingPosition {
  /** How far the feed was read. */
  read = 0;
  /** What the checkpoint said last; behind `read` only by messages that are not ours. */
  saved = 0;
  /** By which state of the covered set it reads. */
  coverage: number | null = null;
  #covered: readonly Typed[] = [];
  /** What was handled beyond the checkpoint. */
  #passed: Checkpoint['passed'] = [];
  #all: FeedFilter;
  #stage: Stage;

  /** @param renamed told when the consumer is stored under another name than its own */
  constructor(
    private readonly consumer: Consumer,
    private readonly producer: string,
    private readonly selection: Selection,
    private readonly database: Database,
    private readonly share: Share,
    private readonly renamed: (name: string) => void,
  ) {
    this.#all = selection;
    this.#stage = { filter: selection, until: Infinity };
  }

  get reader(): Required<CheckpointKey> {
    return { consumer: this.consumer.name, producer: this.producer, share: this.share };
  }

  /** What can be due behind it. */
  get stage(): Stage {
    if (this.read >= this.#stage.until) this.#moveTo(this.read, this.saved);
    return this.#stage;
  }

  /** Takes it from the checkpoint, which is made where there is none. */
  async load(): Promise<void> {
    const { consumer, database } = this;
    if (consumer.formerly !== undefined) await takeOver(database, consumer, consumer.formerly);
    this.#adopt(await this.#standing());
  }

  /** Whether the checkpoint is gone, or where it was some time ago: a type was gained, or the tables are of a backup. */
  async wentBack(): Promise<boolean> {
    const { position } = await this.#find(this.database.shared);
    return position === null || position < this.saved;
  }

  /**
   * A checkpoint that was moved counts, and so does a covered set that has changed. Where neither was, what was read in
   * vain since is saved, so that retention can go on.
   */
  async compare(): Promise<void> {
    const [position, coverage, to] = [this.saved, this.coverage, this.read];
    const stored = await this.#standing();
    if (stored.position !== position || stored.coverage !== coverage) this.#adopt(stored);
    else if (to > position && (await moveProgress(this.database.pool, this.reader, { position, coverage }, to)))
      this.saved = to;
  }

  /** Whether the checkpoint is where it was when it was last looked at. */
  agrees({ position, coverage }: Pick<Locked, 'position' | 'coverage'>): boolean {
    return position === this.saved && coverage === this.coverage;
  }

  /** Another replica has moved the checkpoint. @returns `false` where it has to be compared: it covers other types, or went back */
  follow({ position, coverage }: Locked): boolean {
    if (coverage !== this.coverage || position < this.saved) return false;
    this.#moveTo(position, position);
    return true;
  }

  /** The checkpoint over what was read up to here is committed. */
  committed(upTo: number): void {
    this.read = this.saved = upTo;
  }

  /** The stored checkpoint, covering at least what this version knows. */
  async #standing(): Promise<Found> {
    const { database, selection } = this;
    let found = await this.#find(database.shared);
    if (found.position === null) {
      await divide(database.pool, this.reader);
      await ensureProgress(database.pool, this.reader);
      found = await this.#find(database.pool);
    }
    if (!covers(found, selection)) {
      await cover(database, { name: this.consumer.name, producer: this.producer }, selection.typed);
      found = await this.#find(database.pool);
    }
    const { position } = found;
    if (position === null || !covers(found, selection))
      throw new Error(`${this.consumer.name} was divided, or changed, otherwise by another process.`);
    return { ...found, position };
  }

  async #find(client: Parameters<typeof readStanding>[0]): Promise<Standing> {
    const found = await readStanding(client, this.consumer.declared, this.reader);
    if (found.consumer !== this.consumer.name) this.renamed(found.consumer);
    return found;
  }

  #adopt({ position, passed, coverage, covered }: Found): void {
    [this.#passed, this.coverage, this.#covered] = [passed, coverage, covered];
    this.#all = covered.length > 0 ? filterOf(covered) : this.selection;
    this.#moveTo(position, position);
  }

  #moveTo(read: number, saved: number): void {
    [this.read, this.saved] = [read, saved];
    this.#stage = stageOf(this.#all, this.#covered, { ...this.share, position: read, passed: this.#passed });
  }
}

/** Whether a checkpoint covers what this version knows; one that reads whole streams does. */
function covers({ coverage, covered }: Standing, { typed }: Selection): boolean {
  if (typed.length === 0) return true;
  return coverage !== null && typed.every(({ type }) => covered.some((each) => each.type === type));
}
