/** Text without what PostgreSQL cannot store: NUL, and halves of characters. */
export const storable = (text: string) => text.replaceAll('\0', '').replaceAll(/\p{Surrogate}/gu, '\ufffd');

/** A text that PostgreSQL cannot store, and where it is. */
interface Unstorable {
  path: (string | number)[];
  /** What is wrong with it, and what to do, as the end of a sentence. */
  message: string;
}

const NUL = 'holds a NUL character, which cannot be stored';
const HALF =
  'holds half of a character (a lone surrogate), which cannot be stored: cut text by whole characters, as with [...text]';

/** The first text in plain data that cannot be stored, as a value or as the name of a field; `undefined` when all can. */
export function unstorableIn(value: unknown): Unstorable | undefined {
  if (typeof value === 'string') return unstorableText(value);
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const found = unstorableText(name) ?? unstorableIn(inner);
    if (found) return { ...found, path: [Array.isArray(value) ? Number(name) : name, ...found.path] };
  }
  return undefined;
}

function unstorableText(text: string): Unstorable | undefined {
  if (!UNSTORABLE.test(text)) return undefined;
  return { path: [], message: text.includes('\0') ? NUL : HALF };
}

const UNSTORABLE = /[\0\p{Surrogate}]/u;
