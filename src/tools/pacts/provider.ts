import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { contextOptions } from '../../platform/bounded-context.js';
import { childContext } from '../../platform/messaging/context/context.js';
import { scenario } from '../../platform/testing/index.js';
import type { Given, PactStates, Scenario } from '../../platform/testing/index.js';
import { UnitOfWork } from '../../platform/transaction/unit-of-work.js';
import { SeamClient } from '../../platform/transport/seam/seam-client.js';
import { SeamServer } from '../../platform/transport/seam/seam-server.js';
import { PATHS, toWire } from '../../platform/transport/seam/wire.js';
import type { Type } from '@nestjs/common';
import { PATH } from './pact.js';

/** A module that has to meet pacts, and how it is brought into the states that they name. */
export interface Provider {
  readonly module: Type;
  readonly states: PactStates;
  /** The other modules: played, as in a spec. */
  readonly neighbours: readonly Type[];
  /** Environment variables, as `scenario()` has them. */
  readonly env?: NodeJS.ProcessEnv;
}

const WAIT_MS = 5_000;
const ANSWER_MS = 10_000;
const REPLY = '.reply';

/**
 * A module on a real database, behind a small proxy that Pact's verifier talks to: it adds signature, deadline and ids,
 * none of which are in a pact, sets up states, and tells messages.
 */
export class ProviderUnderTest {
  /** What the verifier is not told: why a state could not be set up, or a message did not come. */
  readonly problems: string[] = [];
  #from = 0;

  private constructor(
    private readonly provider: Provider,
    private readonly name: string,
    private readonly scene: Scenario,
    private readonly seam: SeamServer,
    private readonly client: SeamClient,
    private readonly proxy: Server,
  ) {
    proxy.on('request', (request, response) => void this.#serve(request, response));
  }

  /** @throws Error when the module does not start */
  static async start(provider: Provider): Promise<ProviderUnderTest> {
    const { module, neighbours, env } = provider;
    const { name } = contextOptions(module)!;
    const scene = await scenario(module, { neighbours, patienceMs: WAIT_MS, ...(env && { env }) });
    const secret = `${randomUUID()}${randomUUID()}`;
    const noRoutes = async () => undefined;
    const seam = new SeamServer(scene.runtime, noRoutes, { secret });
    const url = `http://127.0.0.1:${await seam.listen(0, '127.0.0.1')}`;
    const client = new SeamClient({ module: name, url }, { sender: 'pacts', secret });
    const proxy = createServer();
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    return new ProviderUnderTest(provider, name, scene, seam, client, proxy);
  }

  get port(): number {
    return (this.proxy.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.proxy.closeAllConnections();
    await new Promise((resolve) => this.proxy.close(resolve));
    await Promise.all([this.seam.close(), this.client.close()]);
    await this.scene.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? '/';
    try {
      const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as never;
      if (path === '/states') return json(response, 200, await this.#setUp(body));
      if (path === '/messages') return json(response, 200, await this.#message(body));
      if (path.startsWith(PATH)) return await this.#ask(path.slice(PATH.length), body, response);
      return json(response, 404, {});
    } catch (error) {
      this.problems.push((error as Error).message);
      return json(response, 500, { error: (error as Error).message });
    }
  }

  async #setUp({ state, params = {} }: { state: string; params?: Given & object }): Promise<object> {
    const { states } = this.provider;
    const set = Object.hasOwn(states, state) ? states[state] : undefined;
    if (!set) throw new Error(`There is no state "${state}": write it in modules/${this.name}/pact-states.ts.`);
    await this.#empty();
    try {
      await set(this.scene, params);
    } catch (error) {
      throw new Error(`The state "${state}" could not be set up: ${(error as Error).message}`, { cause: error });
    }
    return {};
  }

  /** What consumers expect may not depend on each other. What the platform keeps stays: positions have to move on. */
  async #empty(): Promise<void> {
    const text = `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = current_schema()
                   AND NOT tablename LIKE 'outbox%' AND tablename NOT IN
                   (SELECT tablename FROM pg_tables WHERE schemaname = $1)`;
    const other = contextOptions(this.provider.neighbours[0])!.name;
    const tables = await this.scene.sql<{ name: string }>(text, [other]);
    if (tables.length > 0) await this.scene.sql(`TRUNCATE ${tables.map(({ name }) => name).join(', ')} CASCADE`);
    const [last] = await this.scene.sql<{ seq: number }>('SELECT coalesce(max(seq), 0)::float8 AS seq FROM outbox');
    this.#from = last!.seq;
  }

  async #ask(type: string, payload: object, response: ServerResponse): Promise<void> {
    const context = { ...childContext(type, this.name), deadline: Date.now() + ANSWER_MS, key: randomUUID() };
    const headers = { 'content-type': 'application/json' };
    const answer = await this.client.request('POST', PATHS.messages, toWire(context, payload), ANSWER_MS, headers);
    if (answer.status !== 200) this.problems.push(`${type}: ${answer.body.toString()}`);
    response.writeHead(answer.status, headers).end(answer.body);
  }

  async #message({ description, providerStates = [] }: Told): Promise<object> {
    if (!description.endsWith(REPLY)) return await this.#said(description, '');
    const type = description.slice(0, -REPLY.length);
    const id = randomUUID();
    const Message = this.scene.runtime.registry.classOf(type);
    if (!Message) throw new Error(`${this.name} has no ${type}.`);
    const sender = contextOptions(this.provider.neighbours[0])!.name;
    const unit = new UnitOfWork(sender, this.scene.runtime.database(sender).dataSource);
    unit.send(new Message(providerStates[0]!.params.payload as never), { replyTo: { saga: 'pacts', id } });
    await unit.commit();
    this.scene.runtime.watches.get(sender)!.committed();
    return await this.#said(description, id);
  }

  /** Waits for the first such message since the state was set up. */
  async #said(type: string, replyTo: string): Promise<object> {
    const text = `SELECT payload FROM outbox WHERE type = $1 AND seq > $2
                   AND ($3 = '' OR headers->'replyto'->>'id' = $3) ORDER BY seq LIMIT 1`;
    const look = async () => (await this.scene.sql<{ payload: object }>(text, [type, this.#from, replyTo]))[0];
    const found = await this.scene.until(look, `${this.name} publishing ${type}`);
    return found.payload;
  }
}

interface Told {
  description: string;
  providerStates?: readonly { params: Given }[];
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
