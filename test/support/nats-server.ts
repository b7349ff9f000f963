import { Broker } from '../../src/tools/rehearse/broker.js';
import { afterwards, emptyFolder } from './stage.js';

/** A broker of the test's own; it ends with the file of tests. @throws Error that says how to install it */
export async function startBroker(): Promise<Broker> {
  const broker = await Broker.at(await emptyFolder());
  afterwards(() => broker.kill());
  await broker.start();
  return broker;
}
