import type { JetStreamClient, JetStreamManager, StreamConfig } from '@nats-io/jetstream';
import { DiscardPolicy, JetStreamApiError, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import { connect } from '@nats-io/transport-node';
import type { Logger } from '../../observability/logging.js';
import { BrokerUnusable } from '../broker/broker-unusable.js';

const CONNECT_MS = 5000;
const REQUEST_MS = 5000;
const RECONNECT_MS = 250;
/** A broker that leaves two of these unanswered is lost, even where the network does not say so. */
const PING_MS = 5_000;
const NANOS = 1_000_000;
const STREAM_NOT_FOUND = 10059;

/** What a stream keeps at most. What has gone from it is still in the producer's outbox, and is read there. */
const LIMITS = { max_age: 7 * 86_400_000 * NANOS, max_bytes: 1024 ** 3, duplicate_window: 120_000 * NANOS };

export const streamOf = (module: string) => `LIFTOUT_${module}`;
export const subjectsOf = (module: string) => `liftout.${module}.>`;
export const subjectOf = (module: string, stream: string, type: string) => `liftout.${module}.${stream}.${type}`;
/** Not in the stream: how far it goes, told now and then to whoever listens. */
export const heartbeatSubject = (module: string) => `liftout-pulse.${module}`;

/** The connection of one process to NATS. It reconnects by itself, for ever. */
export class Broker {
  private constructor(
    readonly connection: NatsConnection,
    readonly manager: JetStreamManager,
  ) {}

  /**
   * @param url one address or several, with commas between: `nats://user:password@host:4222`, `tls://…`
   * @throws BrokerUnusable when nobody answers there, or it has no JetStream
   */
  static async open(url: string, log: Logger): Promise<Broker> {
    const connection = await connect(optionsOf(url)).catch((cause: unknown) => {
      throw new BrokerUnusable(`NATS does not answer at NATS_URL (${reason(cause)}). Start it, or correct NATS_URL.`);
    });
    try {
      const manager = await jetstreamManager(connection, { timeout: REQUEST_MS });
      void tell(connection, log);
      return new Broker(connection, manager);
    } catch (cause) {
      await connection.close();
      throw new BrokerUnusable(`NATS at NATS_URL has no JetStream (${reason(cause)}). Start nats-server with -js.`);
    }
  }

  get publisher(): JetStreamClient {
    return this.manager.jetstream();
  }

  /**
   * Makes the stream of a producer unless there is one: whoever wants other limits or replicas makes it beforehand.
   * @throws BrokerUnusable when the broker refuses it
   */
  async ensureStream(module: string): Promise<void> {
    try {
      await this.manager.streams.info(streamOf(module));
    } catch (error) {
      if (!isMissing(error)) throw error;
      await this.manager.streams.add(configOf(module)).catch((cause: unknown) => {
        throw new BrokerUnusable(`NATS refuses the stream ${streamOf(module)}: ${reason(cause)}.`);
      });
    }
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}

/** Whether it says that there is no such stream. */
export const isMissing = (error: unknown) => error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND;

const reason = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));

function configOf(module: string): Pick<StreamConfig, 'name'> & Partial<StreamConfig> {
  return {
    name: streamOf(module),
    subjects: [subjectsOf(module)],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    ...LIMITS,
  };
}

function optionsOf(url: string): ConnectionOptions {
  const urls = url.split(',').map((one) => new URL(one.trim()));
  const { username, password, protocol } = urls[0]!;
  const login = password ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : {};
  return {
    servers: urls.map((one) => one.host),
    name: 'liftout',
    timeout: CONNECT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    pingInterval: PING_MS,
    maxPingOut: 2,
    ignoreAuthErrorAbort: true,
    ...login,
    ...(username && !password && { token: decodeURIComponent(username) }),
    ...(protocol === 'tls:' && { tls: {} }),
  };
}

/** One line when the connection is lost, one when it is back. */
async function tell(connection: NatsConnection, log: Logger): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === 'disconnect') log.warn('lost the connection to NATS; messages wait in the outboxes');
    if (type === 'reconnect') log.info('connected to NATS again');
  }
}
