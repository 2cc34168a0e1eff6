// Which stretch of time is looked at, and in what steps? The address says it, so that a link shows the same.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const RANGES = { "1h": HOUR, "6h": 6 * HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY } as const;
export type RangeName = keyof typeof RANGES;

/** Below this there is nothing more to see: a machine measures each few seconds. */
const LEAST_MS = MINUTE;
const MOST_MS = 400 * DAY;

export interface Stretch {
  from: number;
  until: number;
  /** It ends now and moves on. */
  live: boolean;
  range: RangeName;
}

/** The stretch that an address names: `range=6h`, or `from` and `to` in seconds since 1970 when somebody zoomed. */
export function stretchOf(query: URLSearchParams, now: number): Stretch {
  const named = query.get("range") ?? "";
  const range: RangeName = Object.hasOwn(RANGES, named) ? (named as RangeName) : "1h";
  const from = Number(query.get("from") ?? NaN) * 1000;
  const until = Number(query.get("to") ?? NaN) * 1000;
  if (Number.isFinite(from) && Number.isFinite(until) && until - from >= LEAST_MS && until - from <= MOST_MS) return { from, until, live: false, range };
  return { from: now - RANGES[range], until: now, live: true, range };
}

/** As it stands in the address. */
export function addressOf(from: number, until: number): { from: string; to: string } {
  return { from: String(Math.floor(from / 1000)), to: String(Math.ceil(until / 1000)) };
}

/** Nearer (`by` < 1) or further around a moment, never past now. */
export function zoomed({ from, until }: Pick<Stretch, "from" | "until">, around: number, by: number, now: number): [number, number] {
  const span = Math.min(MOST_MS, Math.max(LEAST_MS, (until - from) * by));
  const share = (around - from) / (until - from);
  const end = Math.min(now, around + (1 - share) * span);
  return [end - span, end];
}

/** No step is more than twice the one before it, so that a bucket is never wider than two pixels. */
const STEPS_MS = [1, 2, 3, 5, 10, 15, 20, 30].map((n) => n * 1000).concat([1, 2, 3, 5, 10, 15, 20, 30].map((n) => n * MINUTE), [1, 2, 3, 6, 12, 24].map((n) => n * HOUR));

/** Milliseconds in a bucket: about one pixel, and never less than the machine measures. */
export function stepOf(spanMs: number, widthPx: number, intervalMs: number): number {
  const least = Math.max(intervalMs, spanMs / Math.max(100, widthPx));
  return STEPS_MS.find((step) => step >= least) ?? 24 * HOUR;
}
