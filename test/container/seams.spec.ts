import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EventBus } from '@nestjs/cqrs';
import { Outbox } from '../../src/platform/index.js';
import type { Scenario } from '../../src/platform/testing/index.js';
import { eventually, scenario } from '../../src/platform/testing/index.js';
import { Ask, Asked, AskingModule, borrowed, GetPrice, Look, PriceChanged, pricing, SetPrice } from './asking.js';

let scene: Scenario;

beforeAll(async () => {
  scene = await scenario(AskingModule, { neighbours: [pricing] });
  borrowed.database = scene.runtime.database('pricing');
  scene.answer(GetPrice, () => ({ amount: 5 }));
});
afterAll(() => scene.close());
beforeEach(() => scene.sql('TRUNCATE asked'));

const written = async () => (await scene.sql('SELECT FROM asked')).length;

describe('a handler that keeps the rules', () => {
  it('may ask another module before its transaction begins', async () => {
    expect(await scene.execute(new Ask({ how: 'asks, then writes' }))).toEqual({ amount: 5 });
    expect(await written()).toBe(1);
  });

  it('may send another module a command with its commit', async () => {
    await scene.execute(new Ask({ how: 'writes, then sends' }));
    await scene.received(SetPrice, { sku: 'cup' });
    expect(await written()).toBe(1);
  });
});

const coded = (code: string) => `(LIFTOUT_${code}: docs/errors.md)`;
const OPEN_TRANSACTION =
  'while its transaction is open. Ask before the first use of the database, or send the command with Outbox.send so ' +
  `that it goes out with the commit. ${coded('CALL_IN_TRANSACTION')}`;
const EVENTS =
  'Events are published inside a command or event handler, so that they go out with its state or not at all. ' +
  coded('OUTSIDE_OF_HANDLER');
const COMMANDS =
  'Durable commands are sent inside a command or event handler, so that they go out with its state or not at all. ' +
  coded('OUTSIDE_OF_HANDLER');
const BORROWED = `asking used the database of pricing: ask it with a query or a command instead. ${coded('FOREIGN_DATABASE')}`;

describe('a command handler is stopped, and its transaction undone, when it', () => {
  it.each([
    ['writes, then asks', `asking called pricing.get-price.v1 ${OPEN_TRANSACTION}`],
    ['writes, then commands', `asking called pricing.set-price.v1 ${OPEN_TRANSACTION}`],
    ["queries the other's database", BORROWED],
    ["manages the other's database", BORROWED],
    [
      'begins a transaction of its own',
      `The command is the transaction: do not begin one inside a handler. ${coded('NESTED_TRANSACTION')}`,
    ],
    [
      "publishes the other's event",
      `asking published pricing.price-changed.v1: a module publishes its own events only. ${coded('FOREIGN_EVENT')}`,
    ],
    [
      'publishes a command',
      `asking published pricing.set-price.v1: a module publishes its own events only. ${coded('FOREIGN_EVENT')}`,
    ],
    ['sends an event', `Only a command made with defineCommand can be sent. ${coded('UNDECLARED_MESSAGE')}`],
    [
      'executes something unknown',
      `Date was not made with defineCommand or defineQuery. ${coded('UNDECLARED_MESSAGE')}`,
    ],
    ['executes an event', `Asked was not made with defineCommand or defineQuery. ${coded('UNDECLARED_MESSAGE')}`],
    [
      'fails in a way of its own',
      `asking.ask.v1 failed with sold_out, which its contract does not name. ${coded('ERROR_UNDECLARED')}`,
    ],
    [
      'answers with something else',
      expect.stringMatching(/^asking\.ask\.v1 answered with something else than its contract says/),
    ],
  ])('%s', async (how, message) => {
    await expect(scene.execute(new Ask({ how }))).rejects.toMatchObject({ name: 'ContractViolation', message });
    expect(await written()).toBe(0);
  });
});

describe('a query handler is stopped when it', () => {
  it.each([
    ['publishes', EVENTS],
    ['sends', COMMANDS],
    ["queries the other's database", BORROWED],
  ])('%s', async (how, message) => {
    await expect(scene.execute(new Look({ how }))).rejects.toMatchObject({ name: 'ContractViolation', message });
  });
});

describe('outside of any handler', () => {
  it('nothing is published or sent', () => {
    expect(() => scene.get(EventBus).publish(new Asked({ sku: 'cup' }))).toThrow(EVENTS);
    expect(() => scene.get(Outbox).send(new SetPrice({ sku: 'cup' }))).toThrow(COMMANDS);
  });
});

describe('an event handler leaves a dead letter when it', () => {
  const deadLetters = async (sku: string) => {
    const text = `SELECT consumer, errors FROM parked_message WHERE key = $1 AND state = 'dead' ORDER BY consumer`;
    const rows = await scene.sql<{ consumer: string; errors: { error: string }[] }>(text, [`pricing/${sku}`]);
    return Object.fromEntries(rows.map(({ consumer, errors }) => [consumer, errors[0]!.error]));
  };
  const rebuildable = `ContractViolation: asking.read-model is rebuildable: it may neither publish nor send. ${coded('REBUILDABLE_PUBLISHES')}`;
  const both = (error: string) => ({ 'asking.batch': error, 'asking.read-model': error });

  it.each([
    ['writes, then asks', both(`ContractViolation: asking called pricing.get-price.v1 ${OPEN_TRANSACTION}`)],
    ['asks, then writes', both(`ContractViolation: asking called pricing.get-price.v1 ${OPEN_TRANSACTION}`)],
    ["queries the other's database", both(`ContractViolation: ${BORROWED}`)],
    [
      "publishes the other's event",
      both(
        `ContractViolation: asking published pricing.price-changed.v1: a module publishes its own events only. ${coded('FOREIGN_EVENT')}`,
      ),
    ],
    ['publishes', { 'asking.read-model': rebuildable }],
    ['sends', { 'asking.read-model': rebuildable }],
  ])('%s', async (how, errors) => {
    await scene.publish(new PriceChanged({ sku: how, how }));
    await eventually(async () => Object.keys(await deadLetters(how)).length >= Object.keys(errors).length);
    expect(await deadLetters(how)).toEqual(errors);
    expect(await written()).toBe(0);
  });
});
