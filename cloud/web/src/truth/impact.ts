// What is to be fixed first, and why? A score from 0 to 100 that explains itself.
//
// Of the terms of the design those that rest on something known are counted: how bad it is, how many machines are behind it,
// for how long it lasts. That it is not verified any more does not lower it; it stands beside the score.
import type { Incident, Severity } from "../api/types.ts";

/** Points of a hundred; those of the terms that nothing is known of (objectives, opening hours) are spread over these. */
const POINTS = { severity: 53, reach: 33, duration: 14 } as const;

const SEVERITY: Record<Severity, number> = { critical: 1, warning: 0.5, info: 0.1 };

/** So many machines behind one thing count in full. */
const MANY = 200;
/** So long counts in full: a working day. */
const LONG_MS = 8 * 3_600_000;

export interface Impact {
  /** From 0 to 100. */
  score: number;
  severity: number;
  reach: number;
  duration: number;
  /** How many machines are behind it. */
  machines: number;
  lastsMs: number;
}

/** `machines` is how many are behind it: one, or all of a site that is cut off. */
export function impactOf(incident: Pick<Incident, "severity" | "since" | "learnt_at">, machines: number, now: number): Impact {
  const lastsMs = Math.max(0, now - Date.parse(incident.since ?? incident.learnt_at));
  const part = (points: number, share: number) => Math.round(points * Math.min(1, share));
  const severity = part(POINTS.severity, SEVERITY[incident.severity]);
  const reach = part(POINTS.reach, Math.log1p(machines) / Math.log1p(MANY));
  const duration = part(POINTS.duration, Math.sqrt(lastsMs / LONG_MS));
  return { score: severity + reach + duration, severity, reach, duration, machines, lastsMs };
}

/** The order of `wanted` when nobody points at it; while somebody does, the order stands and new ones come last. */
export function settle(shown: readonly string[], wanted: readonly string[], held: boolean): { order: string[]; moved: number } {
  if (!held) return { order: [...wanted], moved: 0 };
  const kept = shown.filter((id) => wanted.includes(id));
  const order = [...kept, ...wanted.filter((id) => !kept.includes(id))];
  return { order, moved: order.filter((id, at) => wanted[at] !== id).length };
}
