import type { Logger } from '../observability/logging.js';
import type { Issuer } from './auth/auth.js';

/** How the public listener behaves. */
export class HttpOptions {
  production!: boolean;
  /** Where the development key lives. */
  dataDir!: string;
  /** Who signs users' tokens; without it this machine's development key does. Required in production. */
  auth?: Issuer | undefined;
  /** Requests a minute per client. */
  rateLimit!: number | 'off';
  log!: Logger;
}
