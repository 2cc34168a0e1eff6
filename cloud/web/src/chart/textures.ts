// How is "nothing is known here" drawn? Awaited as a diagonal hatch, not measured as a dotted line, lost as a cross-hatch.
import type { Gap } from "./gaps.ts";
import type { Look } from "./look.ts";

export interface Area { left: number; top: number; width: number; height: number; ratio: number }

/** A gap between two places of the canvas; the longest of `words` that has room stands in it. */
export function drawGap(ctx: CanvasRenderingContext2D, kind: Gap["kind"], from: number, until: number, words: readonly string[], { left, top, width, height, ratio }: Area, look: Look): void {
  // However short, it is seen.
  const begin = Math.min(Math.max(left, from), left + width - 2 * ratio);
  const wide = Math.max(2 * ratio, Math.min(left + width, until) - begin);
  ctx.save();
  ctx.beginPath();
  ctx.rect(begin, top, wide, height);
  ctx.clip();
  ctx.lineWidth = ratio;
  ctx.strokeStyle = look.stale;
  if (kind === "absent") {
    ctx.setLineDash([ratio, 4 * ratio]);
    ctx.lineWidth = 2 * ratio;
    line(ctx, begin, top + height - ratio, begin + wide, top + height - ratio);
  } else {
    ctx.globalAlpha = 0.55;
    hatch(ctx, begin, top, wide, height, 8 * ratio, 1);
    if (kind === "lost") hatch(ctx, begin, top, wide, height, 8 * ratio, -1);
    ctx.globalAlpha = 1;
    line(ctx, begin + ratio / 2, top, begin + ratio / 2, top + height);
  }
  label(ctx, words, begin, top, wide, ratio, look);
  ctx.restore();
}

function line(ctx: CanvasRenderingContext2D, ax: number, ay: number, bx: number, by: number): void {
  ctx.beginPath();
  ctx.moveTo(ax, ay);
  ctx.lineTo(bx, by);
  ctx.stroke();
}

// The lines keep their places on the canvas, so that a hatch does not swim while its zone grows.
function hatch(ctx: CanvasRenderingContext2D, left: number, top: number, width: number, height: number, every: number, way: 1 | -1): void {
  ctx.beginPath();
  for (let x = Math.floor((left - height) / every) * every; x < left + width + height; x += every) {
    ctx.moveTo(x, way === 1 ? top + height : top);
    ctx.lineTo(x + height, way === 1 ? top : top + height);
  }
  ctx.stroke();
}

function label(ctx: CanvasRenderingContext2D, words: readonly string[], left: number, top: number, width: number, ratio: number, look: Look): void {
  ctx.font = scaled(look.font, ratio);
  const text = words.find((one) => ctx.measureText(one).width + 12 * ratio <= width);
  if (text === undefined) return;
  const wide = ctx.measureText(text).width;
  const x = left + (width - wide) / 2;
  ctx.fillStyle = look.surface;
  ctx.fillRect(x - 4 * ratio, top + 6 * ratio, wide + 8 * ratio, 18 * ratio);
  ctx.fillStyle = look.muted;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillText(text, x, top + 15 * ratio);
}

/** A font for a canvas whose pixels are smaller. */
export const scaled = (font: string, ratio: number): string => font.replace(/^[\d.]+/, (size) => String(Number(size) * ratio));
