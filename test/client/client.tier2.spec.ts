import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { validate } from '@readme/openapi-parser';
import { eventually } from '../../src/platform/testing/index.js';
import { groupsOf } from '../../src/tools/rehearse/split.js';
import { needsPackages } from '../support/needs.js';
import type { Shop } from '../support/shop.js';
import { openShop } from '../support/shop.js';
import { MODULES, SplitShop } from '../support/topology.js';

const PACKAGE = 'test/client/generator';
const describe = needsPackages('test/client/generator');
const run = promisify(execFile);

const topologies: [what: string, start: () => Promise<Shop>][] = [
  ['one process', () => openShop()],
  ['a process for each module', async () => (await SplitShop.start(groupsOf(MODULES, 'all'))).shop],
];

interface Document {
  paths: object;
  tags: { name: string }[];
}

/** With the routes of each module, also where its process has not told of them at once. */
async function documentOf(shop: Shop): Promise<Document> {
  const complete = async () => {
    const document = (await shop.anybody().get<Document>('/openapi.json')).expect(200);
    return MODULES.every((module) => document.tags.some(({ name }) => name === module)) && document;
  };
  return await eventually(complete, 'the whole document');
}

describe.each(topologies)('a client generated from the document of %s', (_, start) => {
  let shop: Shop;
  let folder: string;
  beforeAll(async () => {
    shop = await start();
    folder = await mkdtemp(join(tmpdir(), 'client-'));
    await cp(join(PACKAGE, 'tsconfig.json'), join(folder, 'tsconfig.json'));
    // Text, since to the checks of this project neither what it imports nor what is generated is there.
    await cp(join(PACKAGE, 'place-an-order.ts.txt'), join(folder, 'place-an-order.ts'));
    await symlink(resolve(PACKAGE, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  }, 180_000);
  afterAll(() => rm(folder, { recursive: true }));

  const node = (...args: string[]) => run(process.execPath, args, { cwd: folder });
  const bin = (path: string) => join('node_modules', path);

  it('compiles, and places an order', async () => {
    const document = await documentOf(shop);
    expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true, warnings: [] });
    await writeFile(join(folder, 'openapi.json'), JSON.stringify(document));
    await node(bin('openapi-typescript/bin/cli.js'), 'openapi.json', '--output', 'api.d.ts');
    const compiled = await node(bin('typescript/bin/tsc'), '-p', '.').catch((error: { stdout: string }) => error);
    expect(compiled.stdout).toBe('');
    const [staff, token] = [await shop.staff(), (await shop.customer()).token!];
    const { stdout } = await node('out/place-an-order.js', shop.url, token, await staff.stocked(5));
    const { receipt, ...seen } = JSON.parse(stdout) as { receipt: { orderId: string } };
    expect(receipt).toMatchObject({ status: 'confirmed' });
    expect(seen).toMatchObject({ location: `/v1/orders/${receipt.orderId}`, status: 'confirmed', cards: 1 });
    expect(seen).toMatchObject({ total: expect.any(Number), problem: 'validation_failed' });
  }, 120_000);
});
