import { randomUUID } from 'node:crypto';
import { mintDevelopmentToken } from '../../src/platform/http/auth/auth.js';
import type { Role } from '../../src/platform/http/index.js';
import { Client } from './client.js';
import type { HostEnv } from './host-process.js';
import { startHost } from './host-process.js';
import { ownEnv } from './stage.js';

/** Where an application answers, and where the development key lies that signs tokens for it. */
export interface Place {
  url: string;
  dataDir: string;
}

/**
 * The application under test: the one that runs at `BASE_URL`, of any topology, else a process of its own with a database of
 * its own. A running one has to share `DATA_DIR` with the tests, so that they can sign tokens with its development key.
 *
 * @param settings variables of the process that is started
 */
export async function openPlace(settings: HostEnv = {}): Promise<Place> {
  const running = process.env['BASE_URL'];
  if (running) return { url: running.replace(/\/$/, ''), dataDir: process.env['DATA_DIR'] ?? '.data' };
  const env = { ...(await ownEnv()), ...settings };
  return { url: (await startHost(env)).url, dataDir: env.DATA_DIR };
}

/** @see openPlace */
export async function openApp(settings: HostEnv = {}): Promise<App> {
  const { url, dataDir } = await openPlace(settings);
  return new App(url, dataDir);
}

/** An application, seen from outside. Everybody in it is new: specs may share a running one, and its rate limit does not meet them. */
export class App {
  constructor(
    readonly url: string,
    private readonly dataDir: string,
  ) {}

  /** Somebody without a token. */
  anybody(): Client {
    return new Client(this.url);
  }

  /** Somebody with a role. */
  async as(role: Role, sub = newName(role)): Promise<Client> {
    return new Client(this.url, await this.token(sub, role));
  }

  async token(sub: string, role: Role, ttl = '1h'): Promise<string> {
    return await mintDevelopmentToken(this.dataDir, { sub, role, ttl });
  }
}

export const newKey = () => randomUUID();
export const newName = (what: string) => `${what}-${randomUUID().slice(0, 13)}`;
