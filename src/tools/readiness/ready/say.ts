import type { Fact } from '../fact.js';

type Topic = Fact['topic'];

/** Nothing is to be done. */
export const done = (topic: Topic, text: string, evidence: string): Fact => ({
  question: 'ready',
  topic,
  state: 'fine',
  text,
  evidence,
});

/** To be done before the module leaves. */
export const todo = (topic: Topic, text: string, evidence: string, remedy: string): Fact => ({
  question: 'ready',
  topic,
  state: 'todo',
  text,
  evidence,
  todo: remedy,
});

/** To know and to weigh. */
export const note = (topic: Topic, text: string, evidence: string): Fact => ({
  question: 'ready',
  topic,
  state: 'figure',
  text,
  evidence,
});

/** What could not be found out, and how it could. */
export const unknown = (topic: Topic, text: string, remedy: string, question: Fact['question'] = 'ready'): Fact => ({
  question,
  topic,
  state: 'missing',
  text,
  todo: remedy,
});
