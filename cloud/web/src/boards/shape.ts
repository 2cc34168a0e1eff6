// What is a board, and what may stand on it? As the hub has it.
import { RANGES, type RangeName } from "../chart/range.ts";

export const KINDS = ["line", "value", "top", "table", "status", "incidents", "text"] as const;
export type Kind = (typeof KINDS)[number];
export const FOLDS = ["avg", "sum", "min", "max"] as const;
export type Fold = (typeof FOLDS)[number];

export interface Widget {
  kind: Kind;
  x: number;
  y: number;
  w: number;
  h: number;
  title: string;
  metric?: string;
  query?: string;
  fold?: Fold;
  client?: string;
  site?: string;
  machine?: string;
  most?: number;
  text?: string;
}

export interface BoardSaid {
  name: string;
  shared: string | null;
  range: RangeName;
  widgets: Widget[];
}

export interface BoardSummary {
  id: string;
  name: string;
  owner: string;
  own: boolean;
  may_change: boolean;
  shared: string | null;
  widgets: number;
  made_at: string;
  changed_at: string;
  changed_by: string;
}

export interface Board {
  about: BoardSummary;
  said: BoardSaid;
}

export const MOST_WIDGETS = 40;

/** How large one is when it is put on the board. */
export const SIZES: Record<Kind, { w: number; h: number }> = {
  line: { w: 6, h: 5 }, value: { w: 3, h: 3 }, top: { w: 4, h: 5 }, table: { w: 6, h: 6 }, status: { w: 4, h: 4 }, incidents: { w: 6, h: 5 }, text: { w: 4, h: 2 },
};

/** Whether it shows numbers of a metric or of a question. */
export const measures = (kind: Kind): boolean => ["line", "value", "top", "table"].includes(kind);

/** As the hub takes it: without what was left empty. */
export function saidOf(board: BoardSaid): BoardSaid {
  const widgets = board.widgets.map((widget) => Object.fromEntries(Object.entries(widget).filter(([name, value]) => name === "title" || (value !== "" && value !== undefined && value !== null))) as unknown as Widget);
  return { name: board.name.trim(), shared: board.shared || null, range: board.range, widgets };
}

/** A board out of a file; nothing where it is none. What is wrong within it the hub says. */
export function boardOf(text: string): BoardSaid | undefined {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!found || typeof found !== "object") return undefined;
  const { name, widgets, range } = found as Record<string, unknown>;
  if (typeof name !== "string" || !Array.isArray(widgets)) return undefined;
  const known = typeof range === "string" && Object.hasOwn(RANGES, range) ? (range as RangeName) : "24h";
  // With whom it was shared where it comes from is nobody's business here.
  return { name, shared: null, range: known, widgets: widgets as Widget[] };
}
