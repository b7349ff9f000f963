import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JavaProcess } from '../../src/tools/rehearse/java.js';
import type { KafkaBroker } from '../../src/tools/rehearse/kafka-broker.js';
import { freePorts } from '../../src/tools/rehearse/split.js';
import { afterwards, emptyFolder } from './stage.js';

/** Kafka Connect with one connector, in a process of its own that can end and start again. */
export class KafkaConnect {
  #process: JavaProcess | undefined;

  private constructor(private readonly folder: string) {}

  /** @param connector its name and configuration, as `POST /connectors` takes them */
  static async at(broker: KafkaBroker, connector: object): Promise<KafkaConnect> {
    const [folder, [port]] = [await emptyFolder(), await freePorts(1)];
    const worker = {
      'bootstrap.servers': broker.url,
      listeners: `http://127.0.0.1:${port}`,
      'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'offset.storage.file.filename': join(folder, 'offsets'),
      'plugin.discovery': 'service_load',
    };
    await writeFile(join(folder, 'worker.properties'), properties(worker));
    await writeFile(join(folder, 'connector.json'), JSON.stringify(connector));
    const connect = new KafkaConnect(folder);
    afterwards(() => connect.kill());
    return connect;
  }

  /** Resolves when the connector follows the log. @throws Error with the last lines of its log */
  async start(): Promise<void> {
    const files = ['worker.properties', 'connector.json'].map((name) => join(this.folder, name));
    this.#process = await JavaProcess.run(
      'org.apache.kafka.connect.cli.ConnectStandalone',
      files,
      join(this.folder, 'connect.log'),
    );
    await this.#process.says('Starting streaming');
  }

  /** In good order: it says how far it has come. */
  async stop(): Promise<void> {
    await this.#process?.end('SIGTERM');
  }

  /** As a crash would. */
  async kill(): Promise<void> {
    await this.#process?.end('SIGKILL');
  }
}

/** A record as it lies in a topic. */
export interface KafkaRecord {
  partition: number;
  headers: Readonly<Record<string, string>>;
  key: string;
  value: string;
}

/** Kafka's own console consumer: reads topics from their beginning, and goes on until the file of tests is over. */
export class ConsoleConsumer {
  private constructor(private readonly log: string) {}

  /** @param topics a regular expression */
  static async start(broker: KafkaBroker, topics: string): Promise<ConsoleConsumer> {
    const folder = await emptyFolder();
    const [config, log] = [join(folder, 'consumer.properties'), join(folder, 'records')];
    // New topics are found soon.
    await writeFile(config, properties({ 'metadata.max.age.ms': 500 }));
    const format = ['print.partition=true', 'print.headers=true', 'print.key=true', `headers.separator=${SEPARATOR}`];
    const options = {
      'bootstrap-server': broker.url,
      include: topics,
      // With a group it goes on where it was when it gets another topic.
      group: 'console',
      'command-config': config,
    };
    const named = [...Object.entries(options), ...format.map((each) => ['formatter-property', each] as const)];
    const all = ['--from-beginning', ...named.flatMap(([name, value]) => [`--${name}`, value])];
    const java = await JavaProcess.run('org.apache.kafka.tools.consumer.ConsoleConsumer', all, log);
    afterwards(() => java.end('SIGKILL'));
    return new ConsoleConsumer(log);
  }

  /** What it has read up to now; the records of a partition are in their order. */
  records(): KafkaRecord[] {
    // It writes its own log between them, and the last line may not be whole.
    const lines = readFileSync(this.log, 'utf8').split('\n').slice(0, -1);
    return lines.filter((line) => line.startsWith('Partition:')).map(recordIn);
  }
}

const SEPARATOR = '\u001F';

function recordIn(line: string): KafkaRecord {
  const [partition, headers, key, value, ...more] = line.split('\t') as [string, string, string, string];
  if (value === undefined || more.length > 0) throw new Error(`Not as it was asked for: ${line}`);
  const pairs = headers.split(SEPARATOR).map((pair) => /^([^:]*):(.*)$/.exec(pair)!.slice(1));
  return {
    partition: Number(partition.split(':')[1]),
    headers: Object.fromEntries(pairs) as Record<string, string>,
    key,
    value,
  };
}

const properties = (values: object) =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
