import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineEvent } from '../platform/messaging/define.js';
import { UsageError } from './lib/cli.js';
import type { Project, ProjectModule } from './generate/project.js';
import { past, plural, singular } from './generate/words.js';
import { plan } from './new.js';

class LetterSent extends defineEvent('letters.letter-sent.v1', {
  key: 'letterId',
  payload: z.object({ letterId: z.uuid() }),
}) {}

const letters: ProjectModule = {
  name: 'letters',
  livesHere: true,
  tables: [
    {
      name: 'letters',
      columns: [
        { name: 'letter_id', definition: 'uuid PRIMARY KEY' },
        { name: 'sent_at', definition: 'timestamptz' },
      ],
      keyed: true,
    },
    {
      name: 'stamp',
      columns: [{ name: 'id', definition: 'bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY' }],
      keyed: true,
    },
    {
      name: 'parcel',
      columns: [
        { name: 'parcel_id', definition: 'uuid PRIMARY KEY' },
        { name: 'letter_id', definition: 'uuid NOT NULL REFERENCES letters' },
      ],
      keyed: true,
    },
  ],
  routes: ['v1/letters', 'v1/posting/boxes'],
  messages: ['letters.write-letter.v1', 'letters.get-letter.v1', 'letters.letter-sent.v1'],
  events: new Map([['LetterSent', LetterSent.definition]]),
  eventTypes: [LetterSent],
  entities: new Map(),
  migratedAt: 1,
};
const archive: ProjectModule = { ...letters, name: 'archive', tables: [], routes: [], messages: [], events: new Map() };
const project: Project = {
  root: '/nowhere',
  name: 'post',
  modules: [letters, archive, { ...archive, name: 'couriers', livesHere: false }],
  platformTables: ['outbox', 'saga'],
};

const SHAPE = 'has to be lower-case words joined by "-", as in';
const MODULE_SHAPE = `The module ${SHAPE} "billing", not`;

const FIELD =
  '--field has to be NAME:TYPE, as in "birth-date:date", with one of text, email, url, uuid, int, number, boolean, date, time, not';

describe('new:module', () => {
  it.each([
    ['', 'The module has to be named, as in "billing". See --help.'],
    ['Billing', `${MODULE_SHAPE} "Billing". See --help.`],
    ['billingInvoices', `${MODULE_SHAPE} "billingInvoices". See --help.`],
    ['billing_invoices', `${MODULE_SHAPE} "billing_invoices". See --help.`],
    ['2billing', `${MODULE_SHAPE} "2billing". See --help.`],
    ['billing-', `${MODULE_SHAPE} "billing-". See --help.`],
    ['../billing', `${MODULE_SHAPE} "../billing". See --help.`],
    ['abrechnung-überall', `${MODULE_SHAPE} "abrechnung-überall". See --help.`],
    ['a'.repeat(31), `The module has to have 30 letters at most; "${'a'.repeat(31)}" has 31.`],
    ['cqrs', 'There is something called CqrsModule already: choose another name than "cqrs".'],
    ['letters', 'There is a module "letters" already.'],
    ['letter', '"letter" and "letters" are too easily mistaken: "letters" begins with "letter". Choose another name.'],
    [
      'archives',
      '"archives" and "archive" are too easily mistaken: "archives" begins with "archive". Choose another name.',
    ],
    ['posting', 'The routes under /v1/posting belong to letters: choose another name.'],
    ['public', '"public" is a schema of PostgreSQL: choose another name.'],
    ['pg-stuff', '"pg-stuff" is a schema of PostgreSQL: choose another name.'],
    ['database', '"database" is a variable of the shell: choose another name.'],
    ['platform', '"platform" is the name of something else here: choose another name.'],
    ['order', '"order" is a reserved word: choose another name.'],
    ['class', '"class" is a reserved word: choose another name.'],
    ['billing invoices', "Unexpected argument 'invoices'. See --help."],
    ['billing --thing Invoice', `--thing ${SHAPE} "invoice", not "Invoice". See --help.`],
    ['billing --thing saga', '"saga" is a table of the platform: choose another word than "saga".'],
    ['billing --on x', '--on is for what is new in a module. See --help.'],
    ['billing --field price', `${FIELD} "price". See --help.`],
    ['billing --field text:text', '"text" is a name in the code that is generated: choose another one for the field.'],
    ['billing --field entry-id:uuid', 'Every table has entry_id of its own: choose another name for the field.'],
    ['columns --entity', 'There is something called Column already: choose another name than "column".'],
    [
      'billing --entity --from folder',
      '--from brings in what is there: --thing, --field and --entity are for what is new. See --help.',
    ],
    ['billing --from-entities', '--from-entities belongs to new:migration. See --help.'],
    ['billing --force', "Unknown option '--force'. See --help."],
  ])('refuses "%s" in one line', (words, message) => {
    expect(() => plan(['module', ...words.split(' ').filter(Boolean)], project)).toThrow(new UsageError(message));
  });
});

it('a module has a name for whose role there is room beside that of the project, twice', () => {
  const named = (name: string) => () => plan(['module', 'b'.repeat(18)], { ...project, name });
  expect(named('a'.repeat(22))).toThrow(
    new UsageError(
      'The module has to have 17 letters at most (its role carries it, and the name of the project twice; ' +
        'PostgreSQL has 63 bytes for that); "bbbbbbbbbbbbbbbbbb" has 18.',
    ),
  );
  expect(named('a'.repeat(21))).not.toThrow(/letters at most/);
});

const COMMAND = 'The command has to be a verb and what it is done to, as in "issue-invoice", not';

describe('what is new in a module', () => {
  it.each([
    ['command', 'The module has to be named first, as in "billing". See --help.'],
    ['command letters', 'The command has to be named, as in "issue-invoice". See --help.'],
    ['command nowhere write-letter', 'There is no module "nowhere": expected one of letters, archive.'],
    ['command couriers carry-letter', 'couriers lives in another repository: make it there.'],
    ['command letters write', `${COMMAND} "write".`],
    ['command letters writeLetter', `The command ${SHAPE} "issue-invoice", not "writeLetter". See --help.`],
    ['command letters write-letter', 'There is a message letters.write-letter.v1 already.'],
    [
      'command letters send-letter',
      'The table letters has sent_at already, so that something else says when a letter was sent.',
    ],
    ['command letters empty-outbox', '"outbox" is a table of the platform: choose another word than "outbox".'],
    [
      'command letters burn-stamp',
      'The table stamp of letters is more than this can understand: write it by hand, or name another thing than "stamp".',
    ],
    [
      'query letters list-parcels',
      'The table parcel of letters is more than this can understand: write it by hand, or name another thing than "parcel".',
    ],
    ['command letters stamp-letter --field size:huge', `${FIELD} "size:huge". See --help.`],
    ['command letters stamp-letter --field Size:int', `${FIELD} "Size:int". See --help.`],
    [
      'command letters stamp-letter --field size:int --field size:text',
      'There is a field size already: each has a name of its own.',
    ],
    ['command letters stamp-letter --field user:text', '"user" is a reserved word: choose another name for the field.'],
    [
      'command letters stamp-letter --field letter-id:uuid',
      'Every table has letter_id of its own: choose another name for the field.',
    ],
    [
      'command letters stamp-letter --field sent-at:int',
      'The column sent_at of letters is timestamptz, not integer: choose another type, or name.',
    ],
    [
      'command letters change-colour --on envelope',
      'letters keeps no envelope; its tables: letters, stamp, parcel. See --help.',
    ],
    ['command letters add-letter', 'Say by --field what a row of letters gets. See --help.'],
    [
      'query letters get-colour --on letter --field colour:text',
      'The table letters has no column colour to show; it has letter_id, sent_at.',
    ],
    [
      'event letters colour-changed --on envelope',
      'letters keeps no envelope; its tables: letters, stamp, parcel. See --help.',
    ],
    ['saga letters dunning --field a:text', '--field is not for new:saga. See --help.'],
    ['command letters stamp-letter --entity', '--entity belongs to new:module. See --help.'],
    ['migration', 'The module has to be named first, as in "billing". See --help.'],
    ['migration nowhere', 'There is no module "nowhere": expected one of letters, archive.'],
    ['migration couriers --from-entities', 'couriers lives in another repository: make it there.'],
    ['migration letters Colours', `The migration ${SHAPE} "invoice-numbers", not "Colours". See --help.`],
    ['migration letters colours now', "Unexpected argument 'now'. See --help."],
    ['migration letters --field colour:text', '--field is not for new:migration. See --help.'],
    ['migration letters --on letter', '--on is not for new:migration. See --help.'],
    [
      'migration letters --from-entities',
      'letters has no entities: name them in "entities" of @BoundedContext, in modules/letters/letters.module.ts.',
    ],
    ['schedule letters sort-letters --field a:text', '--field is not for new:schedule. See --help.'],
    ['schedule letters sort-letters --on letter', '--on is not for new:schedule. See --help.'],
    ['query letters get-letter', 'There is a message letters.get-letter.v1 already.'],
    ['query letters get-letter now', "Unexpected argument 'now'. See --help."],
    [
      'event letters sent',
      'The event has to be a thing and what has happened to it, as in "invoice-issued", not "sent".',
    ],
    [
      'event letters send-letter',
      'The event has to be a thing and what has happened to it, as in "invoice-issued", not "send-letter".',
    ],
    ['event letters letter-sent', 'There is a message letters.letter-sent.v1 already.'],
    ['saga archive dunning', 'archive publishes no event that could begin it: npm run new:event -- archive ….'],
    ['saga letters dunning --on letter-lost', '--on has to be letter-sent, not "letter-lost". See --help.'],
    ['saga letters letter', 'letters has a table letters already: choose another name than "letter".'],
    ['saga letters saga', '"saga" is a table of the platform: choose another word than "saga".'],
    ['saga letters promise', 'There is something called Promise already: choose another name than "promise".'],
    ['saga letters outbox', '"outbox" is a table of the platform: choose another word than "outbox".'],
    ['saga letters database', 'There is something called Database already: choose another name than "database".'],
    [
      'command letters command-bus',
      'There is something called CommandBus already: choose another name than "command-bus".',
    ],
    ['command letters not-found', 'There is something called NotFound already: choose another name than "not-found".'],
    [
      'query letters query-handler',
      'There is something called QueryHandler already: choose another name than "query-handler".',
    ],
    ['query letters page-query', 'There is something called PageQuery already: choose another name than "page-query".'],
    ['event letters not-found', 'There is something called NotFound already: choose another name than "not-found".'],
    [
      'command letters i-command-handler',
      'There is something called ICommandHandler already: choose another name than "i-command-handler".',
    ],
    [
      'modul billing',
      'What is new has to be module or command or query or event or saga or migration or schedule, not "modul". See --help.',
    ],
  ])('is refused in one line: %s', (words, message) => {
    expect(() => plan(words.split(' '), project)).toThrow(new UsageError(message));
  });
});

describe('words', () => {
  it.each([
    ['invoice', 'invoices'],
    ['entry', 'entries'],
    ['box', 'boxes'],
    ['day', 'days'],
    ['address', 'addresses'],
  ])('%s, %s', (one, many) => {
    expect([plural(one), singular(many), singular(one)]).toEqual([many, one, one]);
  });

  it.each([
    ['issue', 'issued'],
    ['carry', 'carried'],
    ['cancel', 'cancelled'],
    ['ship', 'shipped'],
    ['open', 'opened'],
    ['send', 'sent'],
    ['pay', 'paid'],
  ])('words to %s, %s', (verb, participle) => {
    expect(past(verb)).toBe(participle);
  });
});
