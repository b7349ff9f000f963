import type { ConfigClass } from '../configuration.js';
import type { Database } from '../transaction/database.js';

/** What a running process offers to its modules; implemented by `Runtime`. */
export abstract class Host {
  abstract database(module: string): Database;
  abstract config<C extends ConfigClass>(type: C): InstanceType<C>;
}
