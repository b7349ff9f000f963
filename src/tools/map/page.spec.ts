import { describe, expect, it } from '@jest/globals';
import type { MappedModule, Message } from './atlas.js';
import { pageOf } from './page.js';
import { svgOf } from './picture.js';

const payload = { type: 'object', properties: { letterId: {}, note: {} }, required: ['letterId'] };
const message = (name: string, more: Partial<Message>): Message => ({
  name,
  owner: name.split('.')[0]!,
  kind: 'event',
  payload,
  users: [],
  ...more,
});
const sent = message('letters.letter-sent.v1', { key: 'letterId', users: ['archive'] });
const find = message('letters.find-letter.v1', { kind: 'query', errors: { unknown_letter: {} }, result: payload });
const nothing = { messages: [], uses: [], tables: [], sagas: [], dependencies: [], variables: [], schedules: [] };
const letters: MappedModule = {
  ...nothing,
  name: 'letters',
  summary: 'Letters <and> what they weigh.',
  owner: '@post/letters',
  dependencies: [{ module: 'archive', reason: 'Asks | whether there is room.', asks: true }],
  messages: [sent, find],
  tables: [{ name: 'letter', columns: [{ name: 'letter_id', definition: 'uuid' }], keyed: true }],
  variables: [
    { name: 'COURIER_URL', meaning: 'where couriers are booked', otherwise: 'required' },
    { name: 'COURIER_TIMEOUT_MS', meaning: '', otherwise: { value: 15000 } },
    { name: 'COURIER_PROXY', meaning: '', otherwise: { value: undefined } },
  ],
  sagas: [{ name: 'letters.posting', text: '```mermaid\nstateDiagram-v2\n```\n' }],
};
const archive: MappedModule = {
  ...nothing,
  name: 'archive',
  summary: 'Keeps what was sent.',
  owner: '@post/archive',
  dependencies: [{ module: 'letters', reason: 'Keeps them.', asks: false }],
  uses: [sent],
};
const couriers: MappedModule = {
  ...nothing,
  name: 'couriers',
  summary: 'Carries letters.',
  owner: '@post/couriers',
  elsewhere: '../couriers',
};
const page = pageOf([letters, archive, couriers]);

describe('the page of the modules', () => {
  it('tells who lives in another repository, and so does the picture', async () => {
    expect(page).toContain(
      'It lives in another repository: `../couriers`. Contracts: [modules/couriers](../modules/couriers).',
    );
    expect(page).toContain('Code: [modules/archive](../modules/archive).');
    const [here, away] = await Promise.all([svgOf([{ ...archive, dependencies: [] }]), svgOf([couriers])]);
    expect([here, away].map((svg) => svg.includes('stroke-dasharray'))).toEqual([false, true]);
  });

  it('tells who asks whom, and who only hears', () => {
    expect(page).toContain('  m_letters --> m_archive\n  m_archive -.-> m_letters\n');
  });

  it.each([
    ['a dependency with its reason', '| [archive](#archive) | Asks \\| whether there is room. |'],
    [
      'a message it answers',
      '| [letters.find-letter.v1](../modules/letters/contracts.snapshot.json) | query | `letterId`, `note?` | `letterId`, `note?` or `unknown_letter` | nobody |',
    ],
    [
      'an event it publishes',
      '| [letters.letter-sent.v1](../modules/letters/contracts.snapshot.json) | `letterId`, `note?` | `letterId` | [archive](#archive) |',
    ],
    [
      'an event it hears',
      '| [letters.letter-sent.v1](../modules/letters/contracts.snapshot.json) | `letterId`, `note?` | [letters](#letters) |',
    ],
    ['a variable that is required', '| `COURIER_URL` | where couriers are booked | none: required |'],
    ['a variable with a default', '| `COURIER_TIMEOUT_MS` |  | `15000` |'],
    ['a variable that may be absent', '| `COURIER_PROXY` |  | unset |'],
    ['a table', '| `letter` | `letter_id` |'],
    ['a saga', '### Saga `letters.posting`\n\n```mermaid\nstateDiagram-v2\n```'],
  ])('has %s', (_, text) => {
    expect(page).toContain(text);
  });

  it('says what to do when there are no modules', () => {
    expect(pageOf([])).toContain('`npm run new:module -- billing`');
  });
});

describe('the picture', () => {
  it('has a box for each module and an arrow for each dependency', async () => {
    const svg = await svgOf([letters, archive]);
    expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect(svg.match(/class="node"/g)).toHaveLength(2);
    expect(svg.match(/class="edge"/g)).toHaveLength(2);
    expect(svg).toContain('Letters &lt;and&gt; what they weigh.');
  });

  it('is there when there are no modules', async () => {
    expect(await svgOf([])).toContain('</svg>');
  });
});
