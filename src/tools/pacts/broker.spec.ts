import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Broker } from './broker.js';
import type { Pact } from './pact.js';

/** Answers as the broker's own documentation has them, by method and path. */
let answers: Record<string, { status?: number; body: object | string }>;
const asked: { what: string; token: string | undefined; body: unknown }[] = [];
let server: Server;
let base: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const what = `${request.method} ${request.url}`;
      const text = Buffer.concat(chunks).toString();
      asked.push({ what, token: request.headers.authorization, body: text && JSON.parse(text) });
      const { status = 200, body } = answers[what] ?? {
        status: 404,
        body: { error: { message: 'No such resource.' } },
      };
      response.writeHead(status, { 'content-type': 'application/hal+json;charset=utf-8' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => void asked.splice(0));

const broker = () => Broker.from({ PACT_BROKER_BASE_URL: `${base}/`, PACT_BROKER_TOKEN: 'secret' });
const release = { version: '4f1c', branch: 'feat/x' };
const pact: Pact = {
  consumer: { name: 'desk' },
  provider: { name: 'till-messages' },
  interactions: [],
  metadata: { pactSpecification: { version: '4.0' } },
};

describe('a Pact Broker', () => {
  it('is given the pacts of a consumer, with its version and branch', async () => {
    answers = {
      'POST /contracts/publish': { body: { notices: [{ type: 'success', text: 'Published.' }], _links: {} } },
    };
    await broker().publish('desk', [pact], release);
    const [{ what, token, body }] = asked as [(typeof asked)[0]];
    expect([what, token]).toEqual(['POST /contracts/publish', 'Bearer secret']);
    const content = Buffer.from(JSON.stringify(pact)).toString('base64');
    const contract = { consumerName: 'desk', providerName: 'till-messages', specification: 'pact', content };
    expect(body).toEqual({
      pacticipantName: 'desk',
      pacticipantVersionNumber: '4f1c',
      branch: 'feat/x',
      contracts: [{ ...contract, contentType: 'application/json' }],
    });
  });

  it('says which pacts a provider has to meet, and is told what came of it', async () => {
    const self = `${base}/pacts/provider/till-messages/consumer/desk/pact-version/0e33`;
    const results = `${self}/verification-results`;
    answers = {
      'POST /pacts/provider/till-messages/for-verification': {
        body: { _embedded: { pacts: [{ _links: { self: { href: self } } }] } },
      },
      [`GET ${new URL(self).pathname}`]: {
        body: { ...pact, _links: { 'pb:publish-verification-results': { href: results } } },
      },
      'PUT /pacticipants/till-messages/branches/feat%2Fx/versions/4f1c': { status: 201, body: {} },
      [`POST ${new URL(results).pathname}`]: { status: 201, body: { success: false } },
    };
    const wanted = await broker().pactsFor('till-messages', release);
    expect(wanted).toEqual([{ pact, results }]);
    await broker().tell(wanted[0]!, false, release);
    expect(asked[0]!.body).toEqual({
      consumerVersionSelectors: [{ mainBranch: true }, { deployedOrReleased: true }],
      providerVersionBranch: 'feat/x',
    });
    expect(asked.at(-1)).toMatchObject({ body: { success: false, providerApplicationVersion: '4f1c' } });
  });

  it.each([
    [true, 'All required verification results are published and successful'],
    [false, 'There is no verified pact between desk (4f1c) and the version of till currently in production (9)'],
    [null, 'There are no missing dependencies'],
  ])('says %p whether a version can be deployed, and why', async (deployable, reason) => {
    const path = 'GET /can-i-deploy?pacticipant=desk&version=4f1c&environment=production';
    answers = { [path]: { body: { summary: { deployable, reason, success: 0, failed: 0, unknown: 1 }, matrix: [] } } };
    const said = await broker().canDeploy('desk', '4f1c', 'production');
    expect(said).toEqual({ deployable: deployable === true, reason });
  });

  it('notes what is deployed where', async () => {
    const href = `${base}/pacticipants/desk/versions/4f1c/deployed-versions/environment/16`;
    const links = { 'pb:record-deployment': [{ name: 'production', href }] };
    answers = {
      'GET /pacticipants/desk/versions/4f1c': { body: { number: '4f1c', _links: links } },
      [`POST ${new URL(href).pathname}`]: { status: 201, body: {} },
    };
    await broker().deployed('desk', '4f1c', 'production');
    expect(asked.at(-1)!.what).toBe(`POST ${new URL(href).pathname}`);
    const elsewhere = broker().deployed('desk', '4f1c', 'moon');
    await expect(elsewhere).rejects.toThrow('no environment "moon" for desk. It has: production.');
  });

  const conflict = 'Cannot change the content of the pact for desk version 4f1c';
  it.each([
    ['refuses a pact', 409, { notices: [{ type: 'error', text: conflict }] }, `with 409: ${conflict}`],
    ['finds a field wrong', 400, { errors: { branch: ['is missing'] } }, '400: {"branch":["is missing"]}'],
    ['wants a token', 401, '', 'refuses (401): set PACT_BROKER_TOKEN'],
    ['breaks', 502, '', '502: it does not say why.'],
  ])('a broker that %s is told as it is', async (_, status, body, message) => {
    answers = { 'POST /contracts/publish': { status, body } };
    await expect(broker().publish('desk', [pact], release)).rejects.toThrow(message);
  });

  it('a broker that is none, or away, or not named, is said so', async () => {
    answers = { 'POST /pacts/provider/till/for-verification': { body: '<html>' } };
    await expect(broker().pactsFor('till', release)).rejects.toThrow('for-verification as no Pact Broker does.');
    const away = Broker.from({ PACT_BROKER_BASE_URL: 'http://127.0.0.1:1' });
    await expect(away.canDeploy('desk', '1', 'x')).rejects.toThrow('http://127.0.0.1:1 does not answer');
    for (const url of [undefined, 'broker.example'])
      expect(() => Broker.from({ PACT_BROKER_BASE_URL: url })).toThrow('PACT_BROKER_BASE_URL has to be the address');
  });

  it('alone gets the token, not where its links lead', async () => {
    const other = `http://localhost:${new URL(base).port}/results`;
    answers = {
      'PUT /pacticipants/till-messages/branches/feat%2Fx/versions/4f1c': { body: {} },
      'POST /results': { body: {} },
    };
    await broker().tell({ pact, results: other }, true, release);
    expect(asked.map(({ token }) => token)).toEqual(['Bearer secret', undefined]);
  });
});
