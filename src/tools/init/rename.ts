import { snake } from '../generate/words.js';

/** Whose copyright it is does not change with the name. */
const KEPT = new Set(['LICENSE']);

/**
 * The texts in which a project of one name is called by another.
 *
 * The name is written as its place asks for it: `my-app`, `my_app` and `MY_APP` beside underscores, `My-App` in headers,
 * else `My App`.
 *
 * @param from one lower-case word
 * @param to lower-case words joined by "-"
 */
export function renamed(files: ReadonlyMap<string, string>, from: string, to: string): Map<string, string> {
  const pattern = new RegExp(from, 'gi');
  const name = (found: string, at: number, text: string) =>
    inPlace(found, text[at - 1], text.slice(at + found.length), to);
  const all = [...files].filter(([path]) => !KEPT.has(path));
  const texts = all.map(
    ([path, text]) => [path, text.replace(pattern, (found, at: number) => name(found, at, text))] as const,
  );
  return new Map(texts.filter(([path, text]) => text !== files.get(path)));
}

function inPlace(found: string, before: string | undefined, after: string, to: string): string {
  if (found === found.toUpperCase()) return snake(to).toUpperCase();
  if (found === found.toLowerCase()) return before === '_' || /^\\*_/.test(after) ? snake(to) : to;
  const words = to.split('-').map((word) => word[0]!.toUpperCase() + word.slice(1));
  return words.join(after.startsWith('-') ? '-' : ' ');
}
