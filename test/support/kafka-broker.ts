import { KafkaBroker } from '../../src/tools/rehearse/kafka-broker.js';
import { afterwards, emptyFolder } from './stage.js';

/**
 * A Kafka of the test's own; it ends with the file of tests. Such a file declares `const describe = needsKafka();`.
 *
 * @param settings see {@link KafkaBroker.at}
 */
export async function startKafka(settings?: Readonly<Record<string, string>>): Promise<KafkaBroker> {
  const broker = await KafkaBroker.at(await emptyFolder(), settings);
  afterwards(() => broker.kill());
  await broker.start();
  return broker;
}
