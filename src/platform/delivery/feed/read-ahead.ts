import type { Feed, FeedFilter, FeedPage } from './feed.js';

/** Reads a feed page by page, the next one while the last is handled. One read at a time. */
export class ReadAhead {
  #next: { after: number; filter: FeedFilter; page: Promise<FeedPage | undefined> } | undefined;

  /** @param limit messages of a page at most */
  constructor(
    private readonly feed: Feed,
    private readonly limit: number,
  ) {}

  /** The page after this position: the one that was begun, if it is that. @throws whatever the feed throws */
  async read(after: number, filter: FeedFilter): Promise<FeedPage> {
    const next = this.#next;
    const page = await this.end();
    return page && next?.after === after && next.filter === filter ? page : await this.#read(after, filter);
  }

  /** Begins with what follows a full page; a failure shows when it is read. */
  begin({ messages, upTo }: FeedPage, filter: FeedFilter): void {
    if (messages.length < this.limit) return;
    const page = this.#read(upTo, filter).catch(() => undefined);
    this.#next = { after: upTo, filter, page };
  }

  /** Waits for what was begun. @returns it */
  async end(): Promise<FeedPage | undefined> {
    const next = this.#next;
    this.#next = undefined;
    return await next?.page;
  }

  #read(after: number, filter: FeedFilter): Promise<FeedPage> {
    return this.feed.read(after, filter, this.limit);
  }
}
