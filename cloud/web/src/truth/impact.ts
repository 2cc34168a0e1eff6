// What is to be fixed first, and why? A score from 0 to 100 that explains itself.
//
// How bad it is, how many machines are behind it, and for how long it lasts are known. How fast it uses up what an objective
// allows, and whether people are at work, count once somebody has said the objective and the hours; until then their points are
// spread over the others. That it is not verified any more does not lower the score; it stands beside it.
import type { Incident, Severity } from "../api/types.ts";

type Term = "severity" | "reach" | "burn" | "hours" | "duration";

/** Points of a hundred, by which of the two are known. */
const POINTS: Readonly<Record<"both" | "burn" | "hours" | "none", Readonly<Record<Term, number>>>> = {
  both: { severity: 40, reach: 25, burn: 15, hours: 10, duration: 10 },
  burn: { severity: 44, reach: 28, burn: 17, hours: 0, duration: 11 },
  hours: { severity: 47, reach: 29, burn: 0, hours: 12, duration: 12 },
  none: { severity: 53, reach: 33, burn: 0, hours: 0, duration: 14 },
};

const SEVERITY: Record<Severity, number> = { critical: 1, warning: 0.5, info: 0.1 };

/** So many machines behind one thing count in full. */
const MANY = 200;
/** So long counts in full: a working day. */
const LONG_MS = 8 * 3_600_000;
/** What an objective is of. */
const MONTH_MS = 30 * 86_400_000;
/** What says that a machine is down, and so uses up what an objective allows. A cut does not: behind it nobody knows. */
const DOWN = ["MachineSilent", "NobodyAnswers"];

/** When people are at work, in the reader's zone. */
export interface OpeningHours {
  /** 0 is Sunday. */
  days: readonly number[];
  /** As in `08:00`. */
  from: string;
  to: string;
}

/** What somebody has said of what counts. */
export interface Said {
  /** The availability that is promised, as a share; none is said. */
  objective?: number | null;
  opening?: OpeningHours | null;
}

export interface Impact {
  /** From 0 to 100. */
  score: number;
  severity: number;
  reach: number;
  /** None where no objective is said. */
  burn: number | undefined;
  /** None where no hours are said. */
  hours: number | undefined;
  duration: number;
  /** How many machines are behind it. */
  machines: number;
  lastsMs: number;
  /** The share of a month's allowance that is used up. */
  used: number | undefined;
  isOpen: boolean | undefined;
}

/** `machines` is how many are behind it: one, or all of a site that is cut off. */
export function impactOf(incident: Pick<Incident, "severity" | "since" | "learnt_at" | "rule">, machines: number, now: number, { objective, opening }: Said = {}): Impact {
  const lastsMs = Math.max(0, now - Date.parse(incident.since ?? incident.learnt_at));
  const used = objective ? (DOWN.includes(incident.rule) ? lastsMs / ((1 - objective) * MONTH_MS) : 0) : undefined;
  const isOpen = opening ? isWithin(opening, now) : undefined;
  const points = POINTS[used === undefined ? (isOpen === undefined ? "none" : "hours") : isOpen === undefined ? "burn" : "both"];
  const part = (term: Term, share: number) => Math.round(points[term] * Math.min(1, share));
  const severity = part("severity", SEVERITY[incident.severity]);
  const reach = part("reach", Math.log1p(machines) / Math.log1p(MANY));
  const duration = part("duration", Math.sqrt(lastsMs / LONG_MS));
  const burn = used === undefined ? undefined : part("burn", used);
  const hours = isOpen === undefined ? undefined : part("hours", Number(isOpen));
  return { score: severity + reach + duration + (burn ?? 0) + (hours ?? 0), severity, reach, burn, hours, duration, machines, lastsMs, used, isOpen };
}

/** Whether a moment is within the hours; those that end before they begin go over midnight. */
export function isWithin({ days, from, to }: OpeningHours, now: number): boolean {
  const at = new Date(now);
  const minutes = (text: string) => { const [h = 0, m = 0] = text.split(":").map(Number); return 60 * h + m; };
  const [own, begin, end] = [60 * at.getHours() + at.getMinutes(), minutes(from), minutes(to)];
  if (begin <= end) return days.includes(at.getDay()) && own >= begin && own < end;
  return (days.includes(at.getDay()) && own >= begin) || (days.includes((at.getDay() + 6) % 7) && own < end);
}

/** The order of `wanted` when nobody points at it; while somebody does, the order stands and new ones come last. */
export function settle(shown: readonly string[], wanted: readonly string[], held: boolean): { order: string[]; moved: number } {
  if (!held) return { order: [...wanted], moved: 0 };
  const kept = shown.filter((id) => wanted.includes(id));
  const order = [...kept, ...wanted.filter((id) => !kept.includes(id))];
  return { order, moved: order.filter((id, at) => wanted[at] !== id).length };
}
