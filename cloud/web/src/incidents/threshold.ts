// Can what a rule looks at be drawn, with its threshold? Only where it compares one metric with one number: anything else
// would be another picture than the one that was judged.
import type { Labels } from "../chart/query.ts";

export interface Threshold {
  metric: string;
  value: number;
}

const SIMPLE = /^\s*([a-zA-Z_:][\w:]*)\s*(?:\{(?:[^"'{}]|"[^"\\]*")*\})?\s*(?:>=?|<=?|==|!=)\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*$/i;

export function thresholdOf(expr: string): Threshold | undefined {
  const found = SIMPLE.exec(expr);
  return found ? { metric: found[1] ?? "", value: Number(found[2]) } : undefined;
}

/** The series that an incident fires for: the one of its machine whose labels are all the incident's own. */
export function firing(series: readonly Labels[], incident: Labels): Labels | undefined {
  const found = series.filter((labels) => Object.entries(labels).every(([name, value]) => incident[name] === value));
  return found.length === 1 ? found[0] : undefined;
}
