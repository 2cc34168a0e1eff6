// The drawings of the status glyphs, on a field of 16 by 16.
import type { Glyph } from "../truth/status.ts";

export interface Stroke {
  d: string;
  /** Filled with its colour, with the background, or only drawn around. */
  fill: "tone" | "inside" | "none";
  dash?: "dashed" | "dotted";
}

const RING = "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2";
const outline = (d: string, dash?: "dashed" | "dotted"): Stroke => ({ d, fill: "none", ...(dash ? { dash } : {}) });
const solid = (d: string): Stroke => ({ d, fill: "tone" });
const dashed = outline(RING, "dashed");

export const GLYPHS: Record<Glyph, readonly Stroke[]> = {
  ok: [solid("M8 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8")],
  warning: [outline("M8 2.5 14.5 14h-13zM8 6.5v3.5M8 12v.5")],
  critical: [solid("M1.5 1.5h13v13h-13z"), { d: "M8 4.5V9M8 11v1.5", fill: "inside" }],
  info: [outline("M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M8 7v4.5M8 4.7v.6")],
  late: [outline(`${RING}M8 4.5V8l2.5 2`)],
  silent: [outline(`${RING}M5.5 5.5l5 5m0-5-5 5`)],
  stale: [dashed],
  "stale-ok": [dashed, solid("M8 5.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4")],
  "stale-warning": [dashed, outline("M8 5 11 10.6H5z")],
  "stale-critical": [dashed, solid("M5.6 5.6h4.8v4.8H5.6z")],
  unknown: [outline(RING, "dotted"), outline("M6.3 6.3a1.9 1.9 0 1 1 2.6 1.8c-.7.2-.9.6-.9 1.2M8 11v.5")],
  asleep: [solid("M13.5 10.2A6 6 0 1 1 5.8 2.5a5 5 0 0 0 7.7 7.7z")],
  maintenance: [solid("M8 1.5 14.5 8 8 14.5 1.5 8z")],
  retired: [outline("M2 4h12v3H2zM3.5 7v6h9V7M6.5 9.5h3")],
};

const DASHES = { dashed: "2.6 2.1", dotted: ".8 2.2" };

/** All of them as symbols of one SVG: `#g-ok` and the like. */
export const sprite = (): string => Object.entries(GLYPHS).map(([name, strokes]) => `<symbol id="g-${name}" viewBox="0 0 16 16">${strokes.map(drawn).join("")}</symbol>`).join("");

function drawn({ d, fill, dash }: Stroke): string {
  const [inner, outer] = [fill === "tone" ? "currentColor" : "none", fill === "inside" ? "var(--on-critical)" : "currentColor"];
  const dashed = dash ? ` stroke-dasharray="${DASHES[dash]}"` : "";
  return `<path d="${d}" fill="${inner}" stroke="${outer}" stroke-width="${fill === "tone" ? 0 : 1.6}" stroke-linecap="round" stroke-linejoin="round"${dashed}/>`;
}
