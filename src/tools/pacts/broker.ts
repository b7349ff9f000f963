import { z } from 'zod';
import { fail } from '../lib/cli.js';
import type { Pact } from './pact.js';

const Href = z.object({ href: z.string() });
const ToVerify = z.object({ _embedded: z.object({ pacts: z.array(z.object({ _links: z.object({ self: Href }) })) }) });
const Fetched = z.looseObject({ _links: z.object({ 'pb:publish-verification-results': Href }) });
const Summary = z.object({ summary: z.object({ deployable: z.boolean().nullable(), reason: z.string() }) });
const Version = z.object({
  _links: z.object({ 'pb:record-deployment': z.array(z.object({ name: z.string(), href: z.string() })).optional() }),
});
const Refusal = z.object({
  errors: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
  notices: z.array(z.object({ text: z.string() })).optional(),
});

/** How long the broker may take to answer, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** What is published or released: a commit, and the branch that it is on. */
export interface Release {
  readonly version: string;
  readonly branch: string;
}

/** A pact that the broker wants verified, and where it is told what came of it. */
export interface Asked {
  readonly pact: Pact;
  readonly results: string;
}

/**
 * A Pact Broker, by its HTTP API.
 * @see https://docs.pact.io/pact_broker
 */
export class Broker {
  private constructor(
    private readonly base: string,
    private readonly token: string | undefined,
  ) {}

  /** @throws UsageError where `PACT_BROKER_BASE_URL` is not set, or no address */
  static from(env: NodeJS.ProcessEnv): Broker {
    const base = env['PACT_BROKER_BASE_URL'];
    if (!base || !/^https?:\/\/\S+$/.test(base) || !URL.canParse(base))
      return fail('PACT_BROKER_BASE_URL has to be the address of a Pact Broker, such as https://broker.example.');
    return new Broker(base.replace(/\/$/, ''), env['PACT_BROKER_TOKEN']);
  }

  /** Publishes the pacts of one consumer. @throws UsageError where the broker refuses them, as when the version has others */
  async publish(consumer: string, pacts: readonly Pact[], { version, branch }: Release): Promise<void> {
    await this.#ask('POST', '/contracts/publish', {
      pacticipantName: consumer,
      pacticipantVersionNumber: version,
      branch,
      contracts: pacts.map((pact) => ({
        consumerName: consumer,
        providerName: pact.provider.name,
        specification: 'pact',
        contentType: 'application/json',
        content: Buffer.from(JSON.stringify(pact)).toString('base64'),
      })),
    });
  }

  /** The pacts that a provider has to meet: those of the consumers' main branches, and of what is deployed or released. */
  async pactsFor(provider: string, { branch }: Release): Promise<Asked[]> {
    const consumerVersionSelectors = [{ mainBranch: true }, { deployedOrReleased: true }];
    const body = { consumerVersionSelectors, providerVersionBranch: branch };
    const path = `/pacts/provider/${encodeURIComponent(provider)}/for-verification`;
    const listed = this.#read(ToVerify, path, await this.#ask('POST', path, body));
    return await Promise.all(
      listed._embedded.pacts.map(async ({ _links: { self } }) => {
        const { _links, ...pact } = this.#read(Fetched, self.href, await this.#ask('GET', self.href));
        return { pact: pact as unknown as Pact, results: _links['pb:publish-verification-results'].href };
      }),
    );
  }

  /** Tells what came of a verification. */
  async tell({ pact, results }: Asked, success: boolean, { version, branch }: Release): Promise<void> {
    const names = [pact.provider.name, branch, version].map(encodeURIComponent);
    await this.#ask('PUT', `/pacticipants/${names[0]}/branches/${names[1]}/versions/${names[2]}`, {});
    await this.#ask('POST', results, { success, providerApplicationVersion: version });
  }

  /** Whether a version can live with what is deployed in an environment, and why. */
  async canDeploy(
    name: string,
    version: string,
    environment: string,
  ): Promise<{ deployable: boolean; reason: string }> {
    const path = `/can-i-deploy?${new URLSearchParams({ pacticipant: name, version, environment }).toString()}`;
    const { deployable, reason } = this.#read(Summary, path, await this.#ask('GET', path)).summary;
    return { deployable: deployable === true, reason };
  }

  /** Notes that a version is deployed now. @throws UsageError where there is no such environment */
  async deployed(name: string, version: string, environment: string): Promise<void> {
    const path = `/pacticipants/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;
    const links = this.#read(Version, path, await this.#ask('GET', path))._links['pb:record-deployment'] ?? [];
    const link = links.find((each) => each.name === environment);
    const known = links.map((each) => each.name).join(', ') || 'none';
    if (!link) return fail(`The broker has no environment "${environment}" for ${name}. It has: ${known}.`);
    await this.#ask('POST', link.href, {});
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const url = path.startsWith('/') ? `${this.base}${path}` : path;
    // A link may lead elsewhere: the token is for the broker alone.
    const own = new URL(url).origin === new URL(this.base).origin;
    const headers = {
      accept: 'application/hal+json',
      ...(body && { 'content-type': 'application/json' }),
      ...(this.token && own && { authorization: `Bearer ${this.token}` }),
    };
    const request = {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
    const answer = await fetch(url, request).catch((error: Error) =>
      fail(
        `The broker at ${this.base} does not answer: ${(error.cause as Error | undefined)?.message ?? error.message}.`,
      ),
    );
    const text = await answer.text();
    if (answer.ok) return text === '' ? undefined : parsed(text);
    if (answer.status === 401 || answer.status === 403)
      return fail(
        `The broker at ${this.base} refuses (${answer.status}): set PACT_BROKER_TOKEN to a token that may do this.`,
      );
    return fail(`The broker answers ${method} ${new URL(url).pathname} with ${answer.status}: ${reasonIn(text)}`);
  }

  #read<T>(schema: z.ZodType<T>, path: string, body: unknown): T {
    const read = schema.safeParse(body);
    return read.success ? read.data : fail(`${this.base} answers ${path.split('?')[0]} as no Pact Broker does.`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonIn(text: string): string {
  const { errors, error, notices } = Refusal.safeParse(parsed(text)).data ?? {};
  const said = notices?.map((notice) => notice.text.trim()).join(' ') || error?.message;
  return said ?? (errors ? JSON.stringify(errors) : text.slice(0, 200) || 'it does not say why.');
}
