import { z } from 'zod';
import { unstorableIn } from './storable.js';

/** What an erasure replaces, for whom. */
export interface PersonalData {
  /** The field that names the person. */
  readonly subject: string;
  /** What each personal field holds afterwards. */
  readonly replacements: Readonly<Record<string, unknown>>;
}

/**
 * Marks the personal data of a message, for `npm run erase`. Both or neither are given.
 *
 * @example
 * defineEvent('patients.patient-registered.v1', {
 *   key: 'patientId',
 *   payload: z.object({ patientId: z.uuid(), userId: z.string(), email: z.email() }),
 *   subject: 'userId',
 *   personal: { userId: 'erased', email: 'erased@example.invalid' },
 * })
 */
export interface PersonalMarks<P extends z.ZodObject> {
  /** The field whose value names the person whom the message speaks of: a string. */
  subject?: keyof z.output<P> & string;
  /** The personal fields, and what replaces each: it has to fit the field's schema. The `key` cannot be one of them. */
  personal?: { readonly [F in keyof z.output<P>]?: z.output<P>[F] };
}

/** As {@link PersonalMarks}, by people who have no types. */
interface Marks {
  subject?: string;
  personal?: object;
}

/**
 * Checks marks against a schema.
 *
 * @param name of the message or saga, for errors
 * @param shape the schemas of its fields
 * @param key the field that orders messages: it stays, for a message with another key could be missed by its consumers
 * @returns `undefined` when nothing is marked
 * @throws TypeError that says which mark does not fit, and what does
 */
export function personalDataOf(
  name: string,
  shape: Readonly<Record<string, unknown>>,
  { subject, personal }: Marks,
  key?: string,
): PersonalData | undefined {
  if (subject === undefined && personal === undefined) return undefined;
  const replacements = Object.entries(personal ?? {});
  if (subject === undefined)
    throw new TypeError(`${name}: personal fields need "subject": the field that names the person`);
  if (replacements.length === 0)
    throw new TypeError(`${name}: "subject" needs "personal": the fields to erase, each with its replacement`);
  refuseSubject(name, subject, shape[subject]);
  for (const [field, value] of replacements) refuseReplacement(name, field, shape[field], value);
  if (key !== undefined && key in (personal ?? {}))
    throw new TypeError(`${name}: "${key}" is its key, which orders messages and stays: use an id that tells nothing`);
  return { subject, replacements: Object.fromEntries(replacements) };
}

function refuseSubject(name: string, subject: string, field: unknown): void {
  if (!(field instanceof z.ZodType)) throw new TypeError(`${name}: subject "${subject}" is not one of its fields`);
  const { type } = z.toJSONSchema(field, { io: 'output' });
  if (type !== 'string') throw new TypeError(`${name}: subject "${subject}" has to be a string`);
}

function refuseReplacement(name: string, field: string, schema: unknown, value: unknown): void {
  if (!(schema instanceof z.ZodType)) throw new TypeError(`${name}: personal "${field}" is not one of its fields`);
  const parsed = schema.safeParse(value);
  const problem = parsed.success ? unstorableIn({ value })?.message : z.prettifyError(parsed.error);
  if (value === undefined || problem !== undefined)
    throw new TypeError(
      `${name}: the replacement of "${field}" does not fit its schema: ${problem ?? 'it is missing'}`,
    );
}
