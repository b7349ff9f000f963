import { beforeAll, describe, expect, it } from '@jest/globals';
import type { HostEnv } from '../support/host-process.js';
import { runBuilt } from '../support/host-process.js';
import { ownEnv } from '../support/stage.js';

let env: HostEnv;
beforeAll(async () => void (env = await ownEnv()));

const REST = 'catalog,inventory,ordering,storefront';
const good = {
  MODULES: REST,
  PAYMENTS_URL: 'http://127.0.0.1:1',
  SEAM_PORT: '0',
  SEAM_SECRET: 'PkA3v0mQ9rX7tY2uZ5wB8cE1fH4jL6nS',
};

describe('a process that is told to run a part', () => {
  const cases: [what: string, change: HostEnv, line: RegExp][] = [
    ['without the address of the rest', { PAYMENTS_URL: '' }, /PAYMENTS_URL: required: the seam address of payments/],
    ['with a module that is not there', { MODULES: `${REST},billing` }, /MODULES: there is no module "billing"/],
    ['without a port for the seam', { SEAM_PORT: '' }, /SEAM_PORT: required/],
    ['with a weak secret', { SEAM_SECRET: 'hunter2' }, /SEAM_SECRET: too weak/],
    ['with a transport that nobody knows', { EVENTS: 'pigeons' }, /EVENTS: expected feed/],
    ['standing in for what lives here', { STAND_INS: 'payments' }, /STAND_INS: no module "payments" lives in another/],
    ['rehearsing what runs elsewhere', { REHEARSE: 'payments' }, /REHEARSE: "payments" does not run here/],
  ];

  it.each(cases)(
    '%s says so in one line, and ends with 2',
    async (_, change, line) => {
      const { code, output, errors } = await runBuilt('main.js', [], { ...env, ...good, PORT: '0', ...change }).stopped;
      expect({ code, output }).toEqual({ code: 2, output: '' });
      const [head, ...lines] = errors.trim().split('\n');
      expect(head).toBe('Invalid configuration:');
      expect(lines).toEqual([expect.stringMatching(line), '(LIFTOUT_CONFIG_INVALID: docs/errors.md)']);
      expect(errors).not.toMatch(/hunter2|PkA3v0mQ/);
    },
    60_000,
  );
});

describe('npm run rehearse', () => {
  const cases: [args: string[], line: RegExp][] = [
    [['billing'], /^There is no module "billing"; expected one of catalog, .*\n$/],
    [[], /^Name one module, or --all: catalog, .*\n$/],
    [['--fast'], /^Unknown option '--fast'. See --help.\n$/],
    [['payments', '--seed', 'x'], /^--seed has to be a whole number, not "x". See --help.\n$/],
    [['payments', '--events', 'pigeons'], /^--events has to be feed or nats or kafka, not "pigeons". See --help.\n$/],
    [['payments', '--all'], /^Either a module or --all, not both. See --help.\n$/],
  ];

  it.each(cases)('%j is one clear line, and exit code 2', async (args, line) => {
    const { code, errors } = await runBuilt('tools/rehearse.js', args, env).stopped;
    expect([code, errors]).toEqual([2, expect.stringMatching(line)]);
  });
});
