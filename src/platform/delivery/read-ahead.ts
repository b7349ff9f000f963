import type { Feed, FeedFilter, FeedPage } from './feed.js';

/** Reads a feed page by page, the next one while the last is handled. One read at a time. */
export class ReadAhead {
  #next: { after: number; page: Promise<FeedPage | undefined> } | undefined;

  /** @param limit messages of a page at most */
  constructor(
    private readonly feed: Feed,
    private readonly filter: FeedFilter,
    private readonly limit: number,
  ) {}

  /** The page after this position: the one that was begun, if it is that. @throws whatever the feed throws */
  async read(after: number): Promise<FeedPage> {
    const page = await this.end(after);
    return page ?? (await this.#read(after));
  }

  /** Begins with what follows a full page; a failure shows when it is read. */
  begin({ messages, upTo }: FeedPage): void {
    if (messages.length < this.limit) return;
    const page = this.#read(upTo).catch(() => undefined);
    this.#next = { after: upTo, page };
  }

  /** Waits for what was begun. @returns it, if it is the page after this position */
  async end(after?: number): Promise<FeedPage | undefined> {
    const next = this.#next;
    this.#next = undefined;
    const page = await next?.page;
    return next?.after === after ? page : undefined;
  }

  #read(after: number): Promise<FeedPage> {
    return this.feed.read(after, this.filter, this.limit);
  }
}
