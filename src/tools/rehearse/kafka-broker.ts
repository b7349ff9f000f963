import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JavaProcess } from './java.js';
import { freePorts } from './split.js';

/** A Kafka of one's own, of a single node, whose files outlive it. */
export class KafkaBroker {
  #process: JavaProcess | undefined;

  private constructor(
    private readonly port: number,
    /** Where it answers without TLS and passwords, whatever its clients need. */
    readonly internal: string,
    private readonly folder: string,
  ) {}

  /**
   * Makes its files; it does not run yet.
   *
   * @param folder where it keeps its data and its log
   * @param settings of server.properties, beside or in place of those here. Clients come to the listener CLIENT: for TLS set
   *   `listener.security.protocol.map` to `CLIENT:SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT`, and `listener.name.client.…`
   * @throws Error that says how to install what is missing
   */
  static async at(folder: string, settings: Readonly<Record<string, string>> = {}): Promise<KafkaBroker> {
    const [client, internal, controller] = (await freePorts(3)) as [number, number, number];
    const at = (name: string, port: number) => `${name}://127.0.0.1:${port}`;
    const all = {
      'process.roles': 'broker,controller',
      'node.id': 1,
      'log.dirs': join(folder, 'data'),
      listeners: [at('CLIENT', client), at('INTERNAL', internal), at('CONTROLLER', controller)].join(),
      'listener.security.protocol.map': 'CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'inter.broker.listener.name': 'INTERNAL',
      'controller.listener.names': 'CONTROLLER',
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      // So a broker that was killed may come back soon.
      'broker.heartbeat.interval.ms': 500,
      'broker.session.timeout.ms': 3000,
      // For a single node.
      'offsets.topic.replication.factor': 1,
      'offsets.topic.num.partitions': 1,
      'transaction.state.log.replication.factor': 1,
      'transaction.state.log.min.isr': 1,
      'transaction.state.log.num.partitions': 1,
      'group.initial.rebalance.delay.ms': 0,
      ...settings,
    };
    await mkdir(folder, { recursive: true });
    const broker = new KafkaBroker(client, `127.0.0.1:${internal}`, folder);
    await writeFile(
      broker.#properties,
      Object.entries(all)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    const cluster = randomBytes(16).toString('base64url');
    // A leading "-" would be an option.
    const options = ['format', `--cluster-id=${cluster}`, '--config', broker.#properties];
    await (await JavaProcess.run('kafka.tools.StorageTool', options, broker.log)).done();
    return broker;
  }

  /** For `KAFKA_BROKERS`: host and port. */
  get url(): string {
    return `127.0.0.1:${this.port}`;
  }

  get env(): Readonly<Record<string, string>> {
    return { EVENTS: 'kafka', KAFKA_BROKERS: this.url };
  }

  /** The file that it writes its log to. */
  get log(): string {
    return join(this.folder, 'kafka.log');
  }

  /** The folder that holds its data: a folder for each partition. */
  get data(): string {
    return join(this.folder, 'data');
  }

  /** Starts it, on the same port and with the same data each time. @throws Error with the last lines of its log */
  async start(): Promise<void> {
    this.#process = await JavaProcess.run('kafka.Kafka', [this.#properties], this.log);
    await this.#process.says('Kafka Server started');
  }

  /** In good order: what it holds is on disk. */
  async stop(): Promise<void> {
    await this.#process?.end('SIGTERM');
  }

  /** As a crash would: nothing is written any more. */
  async kill(): Promise<void> {
    await this.#process?.end('SIGKILL');
  }

  get #properties(): string {
    return join(this.folder, 'server.properties');
  }
}
