/** A piece of a text, and what stands there instead. */
export interface Edit {
  from: number;
  to: number;
  text: string;
}

/** The text with all of them; they do not overlap. */
export function edited(text: string, edits: readonly Edit[]): string {
  const last = [...edits].sort((a, b) => b.from - a.from);
  return last.reduce((all, { from, to, text: instead }) => all.slice(0, from) + instead + all.slice(to), text);
}
