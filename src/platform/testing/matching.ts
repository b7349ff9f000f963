/** Some fields that a message has to have, or what has to be true of it. */
export type Matching<T> = Partial<T> | ((message: T) => boolean);

export function fits<T extends object>(message: T, matching: Matching<T>): boolean {
  if (typeof matching === 'function') return matching(message);
  return Object.entries(matching).every(
    ([field, value]) => JSON.stringify(message[field as keyof T]) === JSON.stringify(value),
  );
}

/** What has to be true, as a person writes it down. */
export function described(matching: object): string {
  if (typeof matching === 'function') return ` such that ${String(matching)}`;
  return Object.keys(matching).length === 0 ? '' : ` with ${JSON.stringify(matching)}`;
}
