// What does a cell of the heatmap say, and how is it drawn? Never by colour alone: each state has a pattern of its own, each step
// of a share its own height.
import type { Shown } from "../api/types.ts";
import { lookOf, shownNow, type Tone } from "../truth/status.ts";
import { SHOWN, type Columns } from "./columns.ts";
import type { Measure } from "./view.ts";

/** What is drawn: a state, or one of five steps of a share; what is not known is hatched. */
export type Ink = { shown: Shown; was: "critical" | "other" } | { step: 0 | 1 | 2 | 3 | 4 } | { unknown: true };

export const STEPS = 5;

/** All that a cell can say: fifty thousand of them are counted and drawn by their places here. */
export const INKS: readonly Ink[] = [
  ...SHOWN.flatMap((shown): Ink[] => [{ shown, was: "other" }, { shown, was: "critical" }]),
  ...([0, 1, 2, 3, 4] as const).map((step): Ink => ({ step })),
  { unknown: true },
];
const STEPS_FROM = SHOWN.length * 2;
const UNKNOWN = INKS.length - 1;
const STALE = SHOWN.indexOf("stale");

/** Each state as it is shown now, by its place in `SHOWN`: while the hub is not heard nothing is shown as being so. */
export const seenNow = (blind: boolean): readonly number[] => SHOWN.map((shown) => SHOWN.indexOf(shownNow(shown, blind)));

/** What a machine's cell says, by its place in `INKS`. */
export function inkOf(columns: Columns, at: number, measure: Measure, now: readonly number[]): number {
  const shown = now[columns.need(at)] ?? STALE;
  if (measure === "status") return shown * 2 + (shown === STALE && columns.was(at) === "critical" ? 1 : 0);
  const value = measure === "cpu" ? columns.cpu(at) : columns.memory(at);
  const isOld = columns.reach(at) !== "live" && columns.reach(at) !== "late";
  if (value === undefined || isOld || shown === STALE) return UNKNOWN;
  return STEPS_FROM + Math.min(STEPS - 1, Math.floor(value * STEPS));
}


/** The colours that a canvas is told. */
export interface Palette {
  tone: Record<Tone, string>;
  ramp: readonly string[];
  surface: string;
  inside: string;
}

type Pen = CanvasRenderingContext2D;

/** Draws a cell of this size, from the corner on. */
export function drawCell(ctx: Pen, ink: Ink, size: number, palette: Palette): void {
  if ("step" in ink) return drawStep(ctx, ink.step, size, palette);
  if ("unknown" in ink) return hatched(ctx, size, palette.tone.stale, palette.surface);
  const look = lookOf(ink.shown, ink.was === "critical" ? "critical" : "unknown");
  const tone = palette.tone[look.tone];
  if (look.hatched) {
    hatched(ctx, size, tone, palette.surface);
    if (ink.shown === "silent") cross(ctx, size, tone);
    return;
  }
  ctx.fillStyle = tone;
  switch (ink.shown) {
    case "critical":
      ctx.fillRect(0, 0, size, size);
      ctx.fillStyle = palette.inside;
      ctx.fillRect(size * 0.42, size * 0.18, size * 0.16, size * 0.38);
      ctx.fillRect(size * 0.42, size * 0.68, size * 0.16, size * 0.14);
      return;
    case "warning":
      ctx.beginPath();
      ctx.moveTo(size / 2, size * 0.08);
      ctx.lineTo(size * 0.96, size * 0.92);
      ctx.lineTo(size * 0.04, size * 0.92);
      ctx.fill();
      return;
    case "late":
      ctx.fillRect(0, 0, size, size * 0.28);
      return framed(ctx, size, tone);
    case "asleep":
      return void ctx.fillRect(0, size * 0.8, size, size * 0.2);
    case "unknown":
    case "retired":
      return framed(ctx, size, tone);
    default:
      // Well: a calm, lower field, so that what is not well stands out of ten thousand.
      ctx.globalAlpha = 0.45;
      ctx.fillRect(0, size * 0.35, size, size * 0.65);
      ctx.globalAlpha = 1;
  }
}

function drawStep(ctx: Pen, step: number, size: number, palette: Palette): void {
  const height = (size * (step + 1)) / STEPS;
  ctx.fillStyle = palette.ramp[step] ?? palette.tone.stale;
  ctx.fillRect(0, size - height, size, height);
}

function hatched(ctx: Pen, size: number, tone: string, surface: string): void {
  ctx.fillStyle = surface;
  ctx.fillRect(0, 0, size, size);
  ctx.save();
  ctx.beginPath();
  ctx.rect(0, 0, size, size);
  ctx.clip();
  ctx.strokeStyle = tone;
  ctx.lineWidth = Math.max(1, size / 9);
  ctx.beginPath();
  for (let x = -size; x < 2 * size; x += size / 2.5) {
    ctx.moveTo(x, size);
    ctx.lineTo(x + size, 0);
  }
  ctx.stroke();
  ctx.restore();
}

function cross(ctx: Pen, size: number, tone: string): void {
  ctx.strokeStyle = tone;
  ctx.lineWidth = Math.max(1, size / 6);
  ctx.beginPath();
  ctx.moveTo(size * 0.15, size * 0.15);
  ctx.lineTo(size * 0.85, size * 0.85);
  ctx.moveTo(size * 0.85, size * 0.15);
  ctx.lineTo(size * 0.15, size * 0.85);
  ctx.stroke();
}

function framed(ctx: Pen, size: number, tone: string): void {
  ctx.strokeStyle = tone;
  ctx.lineWidth = 1;
  ctx.strokeRect(0.5, 0.5, size - 1, size - 1);
}

/** Where the cursor goes from a place in rows of cells: over heads and the ends of rows, never past all of them. */
export function stepped(rows: readonly { machines: readonly number[] }[], from: { row: number; column: number }, key: string, page: number): { row: number; column: number } | undefined {
  const filled = (row: number): boolean => (rows[row]?.machines.length ?? 0) > 0;
  const find = (begin: number, by: 1 | -1): number | undefined => {
    for (let row = begin; row >= 0 && row < rows.length; row += by) if (filled(row)) return row;
    return undefined;
  };
  const at = (row: number | undefined, column: number) => (row === undefined ? from : { row, column: Math.min(column, (rows[row]?.machines.length ?? 1) - 1) });
  const width = rows[from.row]?.machines.length ?? 0;
  switch (key) {
    case "ArrowRight": return from.column + 1 < width ? { row: from.row, column: from.column + 1 } : at(find(from.row + 1, 1), 0);
    case "ArrowLeft": return from.column > 0 ? { row: from.row, column: from.column - 1 } : at(find(from.row - 1, -1), Infinity);
    case "ArrowDown": return at(find(from.row + 1, 1), from.column);
    case "ArrowUp": return at(find(from.row - 1, -1), from.column);
    case "PageDown": return at(find(Math.min(rows.length - 1, from.row + page), -1), from.column);
    case "PageUp": return at(find(Math.max(0, from.row - page), 1), from.column);
    case "Home": return at(find(0, 1), 0);
    case "End": return at(find(rows.length - 1, -1), Infinity);
    default: return undefined;
  }
}
