// What else happened while this was measured? Alerts, cuts of the site, and what a rule holds against it.
import type { Cut, Incident, Severity } from "../api/types.ts";
import type { Look } from "./look.ts";
import { scaled, type Area } from "./textures.ts";

export interface Mark {
  kind: "alert" | "cut";
  from: number;
  /** None while it goes on. */
  until: number | undefined;
  severity: Severity;
  text: string;
  /** The incident that tells more. */
  id: string;
}

/** The alerts of a machine and the cuts of its site, oldest first. */
export function marksOf(incidents: readonly Incident[], cuts: readonly Cut[], place: { client: string; site: string; id: string }, text: (incident: Incident) => string, cutText: string): Mark[] {
  const alerts = incidents.filter((one) => one.machine_id === place.id).map((one): Mark => ({
    kind: "alert", from: Date.parse(one.since ?? one.learnt_at), until: one.ended === null ? undefined : Date.parse(one.ended), severity: one.severity, text: text(one), id: one.id,
  }));
  const ofSite = cuts.filter((one) => one.client === place.client && one.site === place.site).map((one): Mark => ({
    kind: "cut", from: Date.parse(one.from), until: Date.parse(one.to), severity: "critical", text: cutText, id: one.id,
  }));
  const open = incidents.filter((one) => one.labels["presence"] === "site" && one.client === place.client && one.site === place.site && one.ended === null).map((one): Mark => ({
    kind: "cut", from: Date.parse(one.since ?? one.learnt_at), until: undefined, severity: "critical", text: cutText, id: one.id,
  }));
  return [...alerts, ...ofSite, ...open].sort((a, b) => a.from - b.from);
}

/** An alert hangs from the top edge; a cut lies on the lower one: what stands above it came late. */
export function drawMark(ctx: CanvasRenderingContext2D, mark: Pick<Mark, "kind" | "severity">, from: number, until: number, words: string, area: Area, look: Look): void {
  const { left, top, width, height, ratio } = area;
  const [begin, end] = [Math.max(left, from), Math.min(left + width, until)];
  if (end < left || begin > left + width) return;
  ctx.save();
  const colour = mark.kind === "cut" ? look.pending : mark.severity === "critical" ? look.critical : look.warning;
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.lineWidth = ratio;
  if (mark.kind === "cut") {
    ctx.fillRect(begin, top + height - 3 * ratio, Math.max(2 * ratio, end - begin), 3 * ratio);
    ctx.font = scaled(look.font, ratio);
    ctx.textBaseline = "bottom";
    ctx.textAlign = "left";
    if (words && ctx.measureText(words).width + 8 * ratio < end - begin) ctx.fillText(words, begin + 4 * ratio, top + height - 4 * ratio);
  } else {
    ctx.fillRect(begin, top, Math.max(2 * ratio, end - begin), 3 * ratio);
    if (from >= left) {
      ctx.setLineDash([3 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(from, top);
      ctx.lineTo(from, top + height);
      ctx.stroke();
      glyph(ctx, mark.severity, from, top, ratio);
    }
  }
  ctx.restore();
}

/** A square for critical, a triangle for the others: as everywhere on the pages. */
function glyph(ctx: CanvasRenderingContext2D, severity: Severity, x: number, top: number, ratio: number): void {
  const r = 5 * ratio;
  if (severity === "critical") return ctx.fillRect(x - r, top, 2 * r, 2 * r);
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x + r, top + 2 * r);
  ctx.lineTo(x - r, top + 2 * r);
  ctx.fill();
}
