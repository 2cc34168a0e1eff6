// What stands in a chart: values at times, and stretches of which nothing is drawn, each with its reason.
//
// A gap is a gap: where nothing was received no line goes across, and the chart ends where the knowledge ends.
import type { Hole, Machine } from "../api/types.ts";

/** A matrix as Prometheus' API answers it. */
export interface Matrix {
  result: { metric: Readonly<Record<string, string>>; values: [number, string][] }[];
}

export interface Line {
  name: string;
  values: (number | null)[];
}

export type ZoneKind = "waiting" | "absent" | "folded" | "lost" | "now";

/** A stretch without a line, in ms. */
export interface Zone {
  kind: ZoneKind;
  from: number;
  to: number;
  samples: number | null;
}

export interface Span {
  from: number;
  to: number;
  /** Milliseconds from one point to the next. */
  step: number;
}

/** The times of a span, in seconds, as the hub steps through it. */
export function timesOf({ from, to, step }: Span): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => (from + at * step) / 1000);
}

/** Lines at these times; where an answer has none there is null. */
export function linesOf(matrix: Matrix, span: Span, name: (metric: Readonly<Record<string, string>>) => string): Line[] {
  const count = Math.floor((span.to - span.from) / span.step) + 1;
  return matrix.result.map(({ metric, values }) => {
    const line: (number | null)[] = Array.from({ length: count }, () => null);
    for (const [at, text] of values) {
      const value = Number(text);
      const place = Math.round((at * 1000 - span.from) / span.step);
      if (Number.isFinite(value) && place >= 0 && place < count) line[place] = value;
    }
    return { name: name(metric), values: line };
  });
}

/** When the last value was received, in ms; none where there is none. */
export function lastOf(lines: readonly Line[], span: Span): number | undefined {
  const last = Math.max(-1, ...lines.map((line) => line.values.findLastIndex((value) => value !== null)));
  return last < 0 ? undefined : span.from + last * span.step;
}

const FEW_STEPS = 2;

/** Why nothing is drawn: what the ledger knows, and what follows the last value. */
export function zonesOf(holes: readonly Hole[], state: Machine["reachability"]["state"], last: number | undefined, span: Span): Zone[] {
  const zones = holes.flatMap((hole): Zone[] => {
    if (!hole.from) return [];
    const from = Math.max(span.from, Date.parse(hole.from));
    const to = Math.min(span.to, hole.until ? Date.parse(hole.until) : span.to);
    return to > from ? [{ kind: hole.kind, from, to, samples: hole.amount.samples }] : [];
  });
  const end = last ?? span.from;
  const told = zones.some((zone) => zone.to >= span.to - span.step && zone.from <= end + FEW_STEPS * span.step);
  if (span.to - end > FEW_STEPS * span.step && !told) zones.push({ kind: TRAILING[state], from: end, to: span.to, samples: null });
  return zones;
}

/** What follows the last value while a machine is in a state. */
const TRAILING: Record<Machine["reachability"]["state"], ZoneKind> = {
  live: "now", late: "waiting", cut: "waiting", silent: "absent", asleep: "absent", unseen: "absent", retired: "absent",
};

export interface Summary {
  least: number;
  mean: number;
  most: number;
  /** When the most was, in ms. */
  peak: number;
  gaps: number;
}

/** A line in numbers; none where nothing was received. */
export function summaryOf(line: Line | undefined, span: Span): Summary | undefined {
  if (!line) return undefined;
  let [sum, count, gaps, inGap] = [0, 0, 0, true];
  let [least, most, peak] = [Infinity, -Infinity, span.from];
  for (const [at, value] of line.values.entries()) {
    if (value === null) {
      if (!inGap) gaps += 1;
      inGap = true;
      continue;
    }
    inGap = false;
    sum += value;
    count += 1;
    least = Math.min(least, value);
    if (value > most) [most, peak] = [value, span.from + at * span.step];
  }
  // What follows the last value is no gap yet.
  const open = inGap && count > 0 ? 1 : 0;
  return count ? { least, most, peak, mean: sum / count, gaps: gaps - open } : undefined;
}
