import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { rmSync } from 'node:fs';
import { needs } from '../../../test/support/needs.js';
import type { Fact, ModuleReport } from './fact.js';
import { NOW, plant, plantChanges, types } from './fixtures/planted.js';
import { fileHtml } from './html.js';
import type { Readiness } from './report.js';
import { readReadiness } from './report.js';
import { overview, pages } from './text.js';

const describe = needs('git');
const root = plant();
let readiness: Readiness;
let by: Record<string, ModuleReport>;

beforeAll(async () => {
  plantChanges(root);
  readiness = await readReadiness({ root, types, now: NOW });
  by = Object.fromEntries(readiness.modules.map((each) => [each.module, each]));
});
afterAll(() => rmSync(root, { recursive: true }));

const facts = (module: string, topic: Fact['topic']) => by[module]!.facts.filter((fact) => fact.topic === topic);
const told = (module: string, topic: Fact['topic']) =>
  facts(module, topic).map(({ state, text }) => `${state}: ${text}`);

describe('what is planted is told', () => {
  it('what is planted is told that nobody owns the module', () => {
    expect(told('letters', 'owner')).toEqual(['todo: Nobody owns it.']);
    expect(told('archive', 'owner')).toEqual(['fine: @post/archive owns it, and reviews it.']);
  });

  it('what is planted is told that a route asks twice, and that another one asks in a loop of its handler', () => {
    expect(told('letters', 'asks')).toEqual([
      'todo: GET /v1/letters/:letterId asks archive twice.',
      'todo: POST /v1/letters asks archive once, or more: in a loop or callback.',
    ]);
    expect(facts('letters', 'asks')[0]!.evidence).toContain('modules/letters/letters.http.ts:9');
  });

  it('what is planted is told that a step of a saga has no compensation', () => {
    expect(told('letters', 'sagas')).toEqual([
      'todo: letters.posting sends archive.store-letter.v1 and has no compensation for it.',
    ]);
  });

  it('what is planted is told that a table has no key, and that another module’s refers to it', () => {
    expect(told('letters', 'data').slice(0, 2)).toEqual([
      'todo: 1 table without a primary key: letter.',
      'todo: archive.shelf.letter_id would dangle.',
    ]);
  });

  it('what is planted is told that it always changes with another module', () => {
    expect(told('letters', 'changes')).toEqual([
      'figure: Alone in 0 % of its commits (0 of 6). Together with archive 100 % (6).',
      'figure: Alone in 0 % of its pull requests (0 of 6). Together with archive 100 % (6).',
    ]);
  });

  it('what is planted is told that there is no runbook, no snapshot, no rehearsal, or one that failed', () => {
    expect(told('letters', 'operations')[0]).toBe('todo: No runbook speaks of it.');
    expect(told('letters', 'contracts')[0]).toBe('todo: Nobody knows what its contracts were.');
    expect(told('letters', 'rehearsal')).toEqual(['todo: It was never rehearsed.']);
    expect(told('archive', 'rehearsal')).toEqual(['todo: 1 test failed: a letter is found.']);
  });

  it('what is planted is told who is away with it', () => {
    expect(told('archive', 'away')).toEqual([
      'figure: While it is away: GET /v1/letters/:letterId of letters and POST /v1/letters of letters fail; letters.posting wait for it.',
    ]);
  });
});

describe('a clean module', () => {
  it('has nothing to do', () => {
    expect(by['stamps']!.facts.filter(({ state }) => state === 'todo')).toEqual([]);
    expect(told('stamps', 'changes')[0]).toBe(
      'figure: Alone in 100 % of its commits (2 of 2). Too few for a share to mean much.',
    );
  });
});

describe('what is missing', () => {
  it('is said, and keeps nothing else from being told', async () => {
    const other = plant();
    const { modules } = await readReadiness({ root: other, types, now: NOW });
    rmSync(other, { recursive: true });
    const missing = modules[0]!.facts.filter(({ state }) => state === 'missing');
    expect(missing.map(({ text }) => text)).toEqual([
      'No database was looked at: sizes are unknown.',
      expect.stringMatching(/^There is no history to read: git says: fatal: not a git repository/),
      'No traces were looked at.',
      'Without traces nobody knows whose time is spent.',
      'No metrics were looked at.',
      'Nobody has measured what a seam costs here.',
    ]);
    expect(modules[0]!.facts.some(({ text }) => text === 'Nobody owns it.')).toBe(true);
  });
});

describe('the text', () => {
  it('has a line for each module, and two pages for one', () => {
    expect(overview(readiness)).toMatch(/^letters\s+9\s+0 % of 6\s+archive 100 %\s+archive\s+–\s+nobody$/m);
    const text = pages(by['letters']!);
    expect(text).toContain('• GET /v1/letters/:letterId asks archive twice.');
    expect(text.split('\n').filter((line) => line.length > 120)).toEqual([]);
    expect(text.split('\n').length).toBeLessThan(140);
  });
});

describe('the page', () => {
  it('has everything in one file, and escapes what it shows', () => {
    const [letters] = readiness.modules;
    const page = fileHtml(readiness, [{ ...letters!, summary: '<script>' }, ...readiness.modules.slice(1)]);
    expect(page).toContain('GET /v1/letters/:letterId asks archive twice.');
    expect(page).toContain('<a href="#stamps">stamps</a>');
    expect(page).toContain('&#60;script&#62;');
    expect(page).not.toMatch(/<script|(?:src|href)="(?!#)/);
  });
});
