import type { Type } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import type { Moment } from '../../src/platform/index.js';
import { BoundedContext, defineCommand, defineEvent, Saga } from '../../src/platform/index.js';

/** Two tiny bounded contexts, and a saga in two versions: a bill is reminded of until it is paid. */
const id = z.string();

export class Billed extends defineEvent('shop.billed.v1', {
  key: 'id',
  payload: z.object({
    id,
    note: z.string().default(''),
    afterMs: z.int().default(3_600_000),
    dueAt: z.iso.datetime().optional(),
    slowMs: z.int().default(0),
  }),
}) {}
/** Of the producer that begins instances, with another key. */
export class Noted extends defineEvent('shop.noted.v1', { key: 'page', payload: z.object({ page: z.string(), id }) }) {}
/** Of another producer, with another key. */
export class Paid extends defineEvent('bank.paid.v1', {
  key: 'account',
  payload: z.object({ account: z.string(), id }),
}) {}
/** The same, for an instance that it hardly waits for. */
export class Hinted extends defineEvent('bank.hinted.v1', {
  key: 'account',
  payload: z.object({ account: z.string(), id }),
}) {}
export class Remind extends defineCommand('bank.remind.v1', { payload: z.object({ id, text: z.string() }) }) {}

const State = z.object({
  id,
  note: z.string(),
  step: z.enum(['open', 'reminded', 'paid']),
  heard: z.array(z.string()),
});
const NewerState = State.extend({ reminders: z.int().default(0) });
type State = z.output<typeof State>;
type NewerState = z.output<typeof NewerState>;

/** The ids whose bills cannot be taken in at present. */
export const failing = new Set<string>();
/** What the bank was told to remind of. */
export const reminded: string[] = [];

@CommandHandler(Remind)
class RemindHandler implements ICommandHandler<Remind> {
  async execute({ text }: Remind) {
    reminded.push(text);
  }
}

function open(bill: Billed): State {
  if (failing.has(bill.id)) throw new Error('the books are closed');
  if (bill.slowMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, bill.slowMs);
  return { id: bill.id, note: bill.note, step: 'open', heard: [] };
}

/** A short text: the first ten characters, or what it takes for them. */
const remind = ({ id: bill, note }: State) => new Remind({ id: bill, text: note.slice(0, 10) });
/** Bills whose note asks for the time keep the last moment that they were told. */
const clocked = ({ note }: { note: string }, { at }: Moment) =>
  note === 'what time is it' ? { heard: [at.toISOString()] } : {};
const heard = (state: State, what: string) => ({ ...state, heard: [...state.heard, what] });

@Injectable()
class Dunning extends Saga<State> {
  constructor() {
    super('shop.dunning', State);
    const due = ({ afterMs, dueAt }: Billed) => ({ name: 'due', ...(dueAt ? { at: new Date(dueAt) } : { afterMs }) });
    this.starts(
      Billed,
      (e) => e.id,
      (e, moment) => ({ state: { ...open(e), ...clocked(e, moment) }, timeout: due(e) }),
    );
    this.on(
      Noted,
      (e) => e.id,
      (state, { page }) => ({ state: heard(state, page) }),
    );
    this.on(
      Paid,
      (e) => e.id,
      (state) => ({ state: { ...heard(state, 'paid'), step: 'paid' }, done: true }),
    );
    this.on(
      Hinted,
      (e) => e.id,
      (state) => ({ state: heard(state, 'hint') }),
      { waitMs: 300 },
    );
    this.onTimeout('due', (state, moment) => ({
      state: { ...state, step: 'reminded', ...clocked(state, moment) },
      send: [remind(state)],
    }));
    this.onReply(Remind, (state) => ({ state: heard(state, 'answer') }));
  }
}

@Injectable()
class NewerDunning extends Saga<NewerState> {
  constructor() {
    super('shop.dunning', NewerState);
    const again = (state: NewerState) => ({ ...state, reminders: state.reminders + 1, step: 'reminded' as const });
    this.starts(
      Billed,
      (e) => e.id,
      (e) => ({ state: { ...open(e), reminders: 0 }, timeout: { name: 'due', afterMs: e.afterMs } }),
    );
    this.on(
      Noted,
      (e) => e.id,
      (state, { page }) => ({ state: { ...state, heard: [...state.heard, page] } }),
    );
    this.on(
      Paid,
      (e) => e.id,
      (state) => ({ state: { ...state, step: 'paid' }, done: true }),
    );
    this.onTimeout('due', (state) => ({ state: again(state), timeout: { name: 'due-again', afterMs: 3_600_000 } }));
    this.onTimeout('due-again', (state) => ({ state: again(state) }));
    this.onReply(Remind, () => ({}));
  }
}

@BoundedContext({ name: 'bank', contracts: { Paid, Hinted, Remind }, providers: [RemindHandler] })
class BankModule {}
@BoundedContext({ name: 'shop', contracts: { Billed, Noted }, providers: [Dunning] })
class ShopModule {}
@BoundedContext({ name: 'shop', contracts: { Billed, Noted }, providers: [NewerDunning] })
class NewerShopModule {}

export const dunning: readonly Type[] = [ShopModule, BankModule];
export const newerDunning: readonly Type[] = [NewerShopModule, BankModule];
