// How is "nothing is drawn here" drawn? Three textures, told apart without colour: on its way, not measured, lost.
import type { Zone, ZoneKind } from "./frame.ts";

const SIZE = 8;
const STROKES: Record<ZoneKind, readonly [number, number, number, number][]> = {
  waiting: [[-2, 2, 2, -2], [0, 8, 8, 0], [6, 10, 10, 6]],
  now: [[-2, 2, 2, -2], [0, 8, 8, 0], [6, 10, 10, 6]],
  folded: [[0, 4, 8, 4]],
  lost: [[0, 0, 8, 8], [0, 8, 8, 0]],
  absent: [],
};

function pattern(context: CanvasRenderingContext2D, kind: ZoneKind, colour: string): CanvasPattern | null {
  const tile = document.createElement("canvas");
  tile.width = tile.height = SIZE;
  const own = tile.getContext("2d");
  if (!own) return null;
  own.strokeStyle = colour;
  own.lineWidth = 1;
  for (const [fromX, fromY, toX, toY] of STROKES[kind]) {
    own.beginPath();
    own.moveTo(fromX, fromY);
    own.lineTo(toX, toY);
    own.stroke();
  }
  return context.createPattern(tile, "repeat");
}

/** Draws a zone from `left` to `right` within the box of the plot, in pixels of the canvas. */
export function drawZone(context: CanvasRenderingContext2D, zone: Zone, left: number, right: number, box: { top: number; height: number }, colour: string): void {
  context.save();
  if (zone.kind === "absent") {
    context.strokeStyle = colour;
    context.setLineDash([2, 4]);
    context.beginPath();
    context.moveTo(left, box.top + box.height - 1);
    context.lineTo(right, box.top + box.height - 1);
    context.stroke();
  } else {
    context.fillStyle = pattern(context, zone.kind, colour) ?? colour;
    context.fillRect(left, box.top, right - left, box.height);
  }
  context.restore();
}
