/** What goes from one module to another, as the code says. */
export interface Way {
  from: string;
  to: string;
  /** Whether `from` only tells what happened, and does not wait. */
  events: boolean;
}

export interface Place {
  module: string;
  x: number;
  y: number;
}

export const BOX = { width: 168, height: 46 };
const ROW = 140;
const WIDTH = 1180;
const MARGIN = 30;
/** Where on its arrow a label is: nearer to who sends, since arrows meet where they end. */
const T = 0.4;

/** Modules in rows: those that ask are above those that they ask. */
export function places(
  modules: readonly string[],
  ways: readonly Way[],
): { places: Place[]; width: number; height: number } {
  const rows = rowsOf(modules, ways);
  const found = rows.flatMap((row, level) =>
    row.map((module, n) => {
      // Odd rows are moved a little, so that an arrow past them does not run through a box.
      const shift = row.length === 1 && rows.length > 2 ? (level % 2 === 0 ? -110 : 110) : 0;
      return { module, x: (WIDTH * (n + 0.5)) / row.length + shift, y: MARGIN + BOX.height / 2 + level * ROW };
    }),
  );
  return { places: found, width: WIDTH, height: 2 * MARGIN + BOX.height + (rows.length - 1) * ROW };
}

function rowsOf(modules: readonly string[], ways: readonly Way[]): string[][] {
  const above = new Map(modules.map((module) => [module, 0]));
  const asks = ways.map(({ from, to, events }) => (events ? { user: to, of: from } : { user: from, of: to }));
  // As many rounds as there are modules: enough for the longest way without a cycle, and an end where there is one.
  for (let round = 0; round < modules.length; round++)
    for (const { user, of } of asks)
      if (user !== of && above.get(of)! <= above.get(user)! && above.get(user)! + 1 < modules.length)
        above.set(of, above.get(user)! + 1);
  const levels = [...new Set(above.values())].sort((a, b) => a - b);
  return levels.map((level) => modules.filter((module) => above.get(module) === level));
}

/** A curve from the edge of one box to the edge of another, and where its label goes. */
export function curve(from: Place, to: Place): { path: string; label: { x: number; y: number } } {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  // Always to the same hand, so that the way there and the way back lie apart; past other rows around the outside.
  const long = dy < -ROW * 1.5;
  const outwards = from.x + to.x > WIDTH ? 1 : -1;
  const bend = long ? outwards * length * 0.42 : Math.min(70, 22 + length / 9);
  const middle = { x: from.x + dx / 2 - (dy / length) * bend, y: from.y + dy / 2 + (dx / length) * bend };
  const [begin, end] = [edgeOf(from, middle), edgeOf(to, middle)];
  const text = (value: number) => value.toFixed(1);
  const path = `M${text(begin.x)},${text(begin.y)} Q${text(middle.x)},${text(middle.y)} ${text(end.x)},${text(end.y)}`;
  const at = (a: number, m: number, b: number) => (1 - T) ** 2 * a + 2 * T * (1 - T) * m + T ** 2 * b;
  return { path, label: { x: at(begin.x, middle.x, end.x), y: at(begin.y, middle.y, end.y) } };
}

function edgeOf({ x, y }: Place, towards: { x: number; y: number }): { x: number; y: number } {
  const [dx, dy] = [towards.x - x, towards.y - y];
  const scale = Math.min(
    (BOX.width / 2 + 4) / Math.max(Math.abs(dx), 0.01),
    (BOX.height / 2 + 4) / Math.max(Math.abs(dy), 0.01),
  );
  return { x: x + dx * scale, y: y + dy * scale };
}
