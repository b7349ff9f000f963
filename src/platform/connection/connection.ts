import type { ClientConfig } from 'pg';
import pg from 'pg';
import { isReadOnly, noteLost } from './failures.js';
import { IDLE_TIMEOUT_MS } from './limits.js';
import { ASK_TIMEOUT_MS, Servers } from './servers.js';

/** How long to wait for a connection in milliseconds, be it for a new one or for one of a pool that is free again. */
const CONNECT_TIMEOUT_MS = 10_000;
/** After so long PostgreSQL cancels a statement: less than a handler may take, so that it counts as a failure of it. */
const STATEMENT_TIMEOUT_MS = 15_000;
/** For what takes its time by right, such as a migration: an hour. */
export const LONG_STATEMENT_TIMEOUT_MS = 3_600_000;
/** After so long a connection gives up: a little after the server has, so that what can still be answered is. */
const silenceOf = (statementTimeoutMs: number) => statementTimeoutMs + Math.min(5_000, statementTimeoutMs / 3);
/** How long the two sides may take to say goodbye. */
const END_TIMEOUT_MS = 1_000;
/** How long a connection may be idle before either side asks whether the other is still there. */
const KEEPALIVE_IDLE_MS = 10_000;

/** What every session asks of the server: it notices a client that is gone, and gives its locks back. */
const SERVER_SETTINGS = {
  tcp_keepalives_idle: KEEPALIVE_IDLE_MS / 1000,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 3,
  tcp_user_timeout: silenceOf(STATEMENT_TIMEOUT_MS),
};

/**
 * What the sessions of a module's pool ask of the server. Provisioning gives them to the module's role as well: a pooler takes
 * no settings along.
 */
export const moduleSettings = (module: string): Readonly<Record<string, string | number>> => ({
  search_path: module,
  // A process that stands still must not hold locks for ever.
  idle_in_transaction_session_timeout: IDLE_TIMEOUT_MS,
});

/** Settings of a session, by name: those of every session, and its own. */
export const allSettings = (own: SessionConfig['settings'], statementTimeoutMs = STATEMENT_TIMEOUT_MS) => ({
  ...SERVER_SETTINGS,
  statement_timeout: statementTimeoutMs,
  ...own,
});

/** What a session needs beside its URL. */
interface SessionConfig {
  /** Found in `pg_stat_activity`. */
  application_name: string;
  /** Settings of PostgreSQL for this session. */
  settings?: Readonly<Record<string, string | number>>;
  /** After so many milliseconds a statement is given up. Default: {@link STATEMENT_TIMEOUT_MS}. */
  statementTimeoutMs?: number | undefined;
  /** Whether a pooler stands between, in transaction mode: then the settings are those of the role, and nothing outlasts a transaction. */
  pooled?: boolean;
  /** Whether statements may be prepared by name. Default: they may. */
  prepared?: boolean | undefined;
}

/** The options of a connection, or of a pool of them, on which nothing waits for ever. */
export function sessionConfig({ settings, statementTimeoutMs = STATEMENT_TIMEOUT_MS, ...rest }: SessionConfig) {
  const all = Object.entries(allSettings(settings, statementTimeoutMs));
  return {
    ...rest,
    Client: BoundedClient,
    ...(!rest.pooled && { options: all.map(([name, value]) => `-c ${name}=${value}`).join(' ') }),
    silenceTimeoutMs: silenceOf(statementTimeoutMs),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_IDLE_MS,
  };
}

/**
 * Lets statements take longer until the transaction of `client` ends. Goes out with the next one.
 * @param timeoutMs milliseconds for each
 */
export function allowStatements(client: pg.ClientBase, timeoutMs: number): void {
  (client as unknown as BoundedClient).silence?.allow(silenceOf(timeoutMs));
  client.query(`SET LOCAL statement_timeout = ${Math.ceil(timeoutMs)}`).catch(() => undefined);
}

/** A connection was closed because nothing came any more. */
export class ConnectionSilent extends Error {
  override readonly name = 'ConnectionSilent';
  readonly code = 'ETIMEDOUT';

  constructor(ms: number) {
    super(`The database has not answered for ${Math.round(ms / 1000)} s: the connection was closed.`);
  }
}

/** A connection was closed because its server takes no writes, such as the former primary after a fail-over. */
export class ServerReadOnly extends Error {
  override readonly name = 'ServerReadOnly';
  readonly code = '25006';

  constructor() {
    super('The server takes no writes: the connection was closed, the next one may find the primary.');
  }
}

interface BoundedConfig extends ClientConfig {
  /** One URL, or several with spaces between: then each connection is to the server on which its role may write. */
  connectionString?: string;
  silenceTimeoutMs?: number;
  pooled?: boolean;
  prepared?: boolean | undefined;
  /** Told of each connection of a pool as soon as it is begun. */
  onBegin?: (client: BoundedClient) => void;
}

/**
 * A connection that ends rather than wait for ever: when the server is silent for too long while it owes an answer, when it
 * takes no writes any more, and when it does not say goodbye. Whoever waits then hears of a lost connection at once.
 */
export class BoundedClient extends pg.Client {
  silence: Silence | undefined;
  /** What has ended it, if anything but {@link end} has. */
  lost: Error | undefined;
  /**
   * The process of the server that works for this connection, for {@link endSession}: behind a pooler it is known within a
   * transaction only, once {@link askBackend} is answered.
   */
  backend: number | undefined;
  readonly #config: BoundedConfig | undefined;
  readonly #servers: Servers | undefined;
  /** Whether it is known where it connects to. */
  #aimed: boolean;
  #over = false;

  constructor(config?: BoundedConfig) {
    const servers = Servers.of(config?.connectionString, (url) => asking(url, config?.pooled));
    super(servers ? { ...config, connectionString: servers.urls[0]! } : config);
    this.#config = config;
    this.#servers = servers;
    this.#aimed = !servers;
    // Also: nobody may be listening at the moment when it is lost, which would end the process.
    this.on('error', (error: Error) => noteLost((this.lost ??= error)));
    const wire = wireOf(this);
    wire.on('error', noteLost);
    wire.once('readyForQuery', () => (this.silence = new Silence(this, config?.silenceTimeoutMs)));
    wire.on('readyForQuery', ({ status }) => status === 'I' && (this.backend = undefined));
    if (config?.prepared === false) withoutNames(this);
    wire.on('errorMessage', (error) => isReadOnly(error) && setImmediate(() => this.cut(new ServerReadOnly())));
    config?.onBegin?.(this);
  }

  /** Whether a pooler stands between: what is known of the server is the pooler's then. */
  get isPooled(): boolean {
    return this.#config?.pooled ?? false;
  }

  /** Behind a pooler, at the begin of a transaction: asks which process of the server it has. Goes out with the next statement. */
  askBackend(): void {
    if (!this.isPooled) return;
    this.query<{ pid: number }>('SELECT pg_backend_pid() AS pid').then(
      ({ rows }) => (this.backend = rows[0]!.pid),
      () => undefined,
    );
  }

  /**
   * Connects. With several servers: to the one that takes writes, which may be waited for.
   * @throws NoServerWritable when none has; the connection's error
   */
  override connect(): Promise<this>;
  override connect(callback: (error: Error | null) => void): void;
  override connect(callback?: (error: Error | null) => void): Promise<this> | void {
    if (!this.#servers) return (super.connect as (done?: (error: Error) => void) => Promise<this>)(callback);
    const connecting = this.#connectToOne(this.#servers);
    if (!callback) return connecting;
    connecting.then(
      () => callback(null),
      (error: Error) => callback(error),
    );
  }

  async #connectToOne(servers: Servers): Promise<this> {
    try {
      aim(this, { ...this.#config, connectionString: await servers.writable(() => this.#over) });
      if (this.#over) throw this.lost ?? new Error('Connection terminated');
      this.#aimed = true;
    } catch (error) {
      noteLost((this.lost ??= error as Error));
      // It has nothing to close: whoever keeps account of it is told.
      this.emit('end');
      throw error;
    }
    let isReady = false;
    const became = ({ parameterName: name, parameterValue: value }: ParameterStatus) => {
      if (!READ_ONLY_SETTINGS.has(name) || value !== 'on') return;
      if (isReady) setImmediate(() => this.cut(new ServerReadOnly()));
      else this.lost ??= new ServerReadOnly();
    };
    // What a pooler tells is of the time when it first met the server.
    if (!this.isPooled) wireOf(this).on('parameterStatus', became);
    await super.connect();
    isReady = true;
    // It has turned read-only since it was asked: what is read there may be of the past.
    if (this.lost instanceof ServerReadOnly) {
      noteLost(this.lost);
      this.end().catch(() => undefined);
      throw this.lost;
    }
    return this;
  }

  /** Says goodbye, and closes the connection when that is not answered soon. */
  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | void {
    this.#over = true;
    const timer = setTimeout(() => wireOf(this).stream.destroy(), END_TIMEOUT_MS);
    this.once('end', () => clearTimeout(timer));
    return callback ? super.end(callback) : super.end();
  }

  /** Closes it at once; what waits for an answer fails with `reason`. */
  cut(reason: Error): void {
    this.#over = true;
    // One that still looks for its server has nothing to close, and nobody to hear of it.
    if (this.#aimed) wireOf(this).stream.destroy(reason);
    else this.lost ??= reason;
  }
}

/** Closes a connection on which the server owes an answer and nothing comes. */
class Silence {
  #limitMs: number;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly client: BoundedClient,
    private readonly usualMs = silenceOf(STATEMENT_TIMEOUT_MS),
  ) {
    this.#limitMs = usualMs;
    const wire = wireOf(client);
    wire.stream.on('data', () => (this.#since = performance.now()));
    // What was allowed to a transaction ends with it.
    wire.on('readyForQuery', ({ status }) => status === 'I' && (this.#limitMs = this.usualMs));
    client.once('end', () => clearTimeout(this.#timer));
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    client.query = ((...args: unknown[]) => {
      this.#listen();
      return query(...args);
    }) as never;
  }

  /** Until the transaction ends. */
  allow(limitMs: number): void {
    this.#limitMs = Math.max(limitMs, this.usualMs);
  }

  #listen(): void {
    if (!isOwed(this.client)) this.#since = performance.now();
    this.#timer ??= setTimeout(() => this.#look(), this.usualMs);
  }

  /** One timer for many statements: it looks how long it has been, and goes on where something is owed since. */
  #look(): void {
    this.#timer = undefined;
    if (!isOwed(this.client)) return;
    const leftMs = this.#since + this.#limitMs - performance.now();
    // What is allowed to a transaction may end sooner than it was to.
    if (leftMs > 0) this.#timer = setTimeout(() => this.#look(), Math.min(leftMs, this.usualMs));
    // Where this process stood still, the answer is there and was not read yet.
    else setImmediate(() => this.#close());
  }

  #close(): void {
    const quietMs = performance.now() - this.#since;
    if (!isOwed(this.client)) return;
    if (quietMs < this.#limitMs) this.#look();
    else this.client.cut(new ConnectionSilent(quietMs));
  }
}

/** Of a session; servers tell of a change from PostgreSQL 14 on. */
const READ_ONLY_SETTINGS = new Set(['default_transaction_read_only', 'in_hot_standby']);

/** Asks one server whether it takes writes. */
const asking = (url: string, pooled = false) =>
  new BoundedClient({
    connectionString: url,
    ...sessionConfig({ application_name: 'liftout:server', statementTimeoutMs: ASK_TIMEOUT_MS, pooled }),
    connectionTimeoutMillis: ASK_TIMEOUT_MS,
  });

/** What is waited for without a word, in milliseconds: a cut-over takes no longer. */
const WORDLESS_MS = 1_000;

/**
 * Waits until one of several servers takes the writes of a role, as a process does that starts in a cut-over or a fail-over.
 *
 * @param list URLs with spaces between; nothing is waited for where there is one only
 * @param timeoutMs how long to wait, in milliseconds
 * @param onWait called once, when it takes longer than a second
 * @throws an error of code 25006 that names each server, when none takes writes in that time; the connection's error when no
 *   server is reachable or lets the role in
 */
export async function untilWritable(list: string, timeoutMs: number, onWait: () => void): Promise<void> {
  const servers = Servers.of(list, asking);
  if (!servers) return;
  const words = setTimeout(onWait, WORDLESS_MS);
  await servers.writable(() => false, timeoutMs).finally(() => clearTimeout(words));
}

/** Makes a client that has not connected yet that of another server. */
function aim(client: pg.Client, config: ClientConfig): void {
  const { connectionParameters, user, database, port, host, password, ssl } = new pg.Client(config) as Aim & pg.Client;
  Object.assign(client, { connectionParameters, user, database, port, host, password, ssl });
  wireOf(client).ssl = ssl;
}

/** Sends every statement of `client` unprepared, for a pooler that gives the next one another session. */
function withoutNames(client: pg.Client): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  client.query = ((statement: unknown, ...rest: unknown[]) => {
    const isNamed = typeof statement === 'object' && statement !== null && 'name' in statement;
    return query(isNamed ? { ...statement, name: undefined } : statement, ...rest);
  }) as never;
}

interface Aim {
  connectionParameters: object;
  ssl: unknown;
}

interface ParameterStatus {
  parameterName: string;
  parameterValue: string;
}

/** What `pg` does not declare. */
interface Wire {
  ssl: unknown;
  stream: { destroy(reason?: Error): void; on(event: 'data', listener: () => void): void };
  on(event: 'error' | 'errorMessage', listener: (error: Error) => void): void;
  on(event: 'parameterStatus', listener: (message: ParameterStatus) => void): void;
  on(event: 'readyForQuery', listener: (message: { status: string }) => void): void;
  once(event: 'readyForQuery', listener: () => void): void;
}

const wireOf = (client: pg.Client) => (client as unknown as { connection: Wire }).connection;

/** Whether a statement was sent, or waits to be, that is not answered. */
function isOwed(client: pg.Client): boolean {
  const { _activeQuery, _sentQueryQueue, _queryQueue, _queryable } = client as unknown as {
    _activeQuery: unknown;
    _sentQueryQueue: unknown[];
    _queryQueue: unknown[];
    _queryable: boolean;
  };
  return _queryable && (!!_activeQuery || _sentQueryQueue.length > 0 || _queryQueue.length > 0);
}
