// Where do widgets stand? On twelve columns, none over another: whoever is pushed goes down.

export const COLUMNS = 12;
export const MOST_HIGH = 20;
const MOST_ROWS = 400;

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

const between = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, Math.round(value)));

/** A box as the grid has room for it. */
export function fitted(box: Box): Box {
  const w = between(box.w, 1, COLUMNS);
  return { w, h: between(box.h, 1, MOST_HIGH), x: between(box.x, 0, COLUMNS - w), y: between(box.y, 0, MOST_ROWS) };
}

export const overlap = (a: Box, b: Box): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** All boxes once one of them is where somebody wants it: what it would cover goes down, and what that covers, too. */
export function settled<T extends Box>(boxes: readonly T[], moved: number, to: Box): T[] {
  const all = boxes.map((box) => ({ ...box }));
  const own = all[moved];
  if (!own) return all;
  Object.assign(own, fitted({ x: to.x, y: to.y, w: to.w, h: to.h }));
  const placed: Box[] = [own];
  const rest = all.filter((box) => box !== own).sort((a, b) => a.y - b.y || a.x - b.x);
  for (const box of rest) {
    for (let under = placed.find((one) => overlap(one, box)); under; under = placed.find((one) => overlap(one, box))) box.y = under.y + under.h;
    placed.push(box);
  }
  return all;
}

/** The first place, row by row, where there is room. */
export function roomFor(boxes: readonly Box[], size: { w: number; h: number }): Box {
  for (let y = 0; y <= MOST_ROWS; y += 1) {
    for (let x = 0; x + size.w <= COLUMNS; x += 1) {
      const box = { x, y, ...size };
      if (!boxes.some((one) => overlap(one, box))) return box;
    }
  }
  return { x: 0, y: MOST_ROWS, ...size };
}

/** In the order in which they are read: by row, then by column. It is the order of the page, and of a narrow screen. */
export function inOrder<T extends Box>(boxes: readonly T[]): { box: T; at: number }[] {
  return boxes.map((box, at) => ({ box, at })).sort((a, b) => a.box.y - b.box.y || a.box.x - b.box.x);
}

/** What an arrow key makes of a box: it moves, or with Shift it grows and shrinks. */
export function pressed(box: Box, key: string, sizes: boolean): Box | undefined {
  const by: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const step = by[key];
  if (!step) return undefined;
  const [dx, dy] = step;
  return fitted(sizes ? { ...box, w: Math.min(box.w + dx, COLUMNS - box.x), h: box.h + dy } : { ...box, x: box.x + dx, y: box.y + dy });
}
