// What came of a question: for each bucket and series the mean, the least and the most, and nothing where nothing is known.
import { keyOf, own, PART, type Labels } from "./query.ts";

export interface Matrix {
  status: string;
  data: { result: { metric: Labels; values: [number, string][] }[] };
}

/** A number, or `null` where nothing is known. */
export type Known = number | null;

export interface Series {
  key: string;
  labels: Labels;
  mean: Known[];
  /** Least and most of each bucket; none where a bucket is one value. */
  low: Known[] | undefined;
  high: Known[] | undefined;
}

export interface Frame {
  /** The end of each bucket, in ms. */
  times: number[];
  stepMs: number;
  series: Series[];
}

/** Puts an answer on the grid that was asked for. `from` and `until` are whole steps. */
export function frameOf(matrix: Matrix, from: number, until: number, stepMs: number): Frame {
  const count = Math.max(0, Math.floor((until - from) / stepMs) + 1);
  const times = Array.from({ length: count }, (_, at) => from + at * stepMs);
  const found = new Map<string, Series>();
  for (const { metric, values } of matrix.data.result) {
    const key = keyOf(metric);
    let series = found.get(key);
    if (!series) found.set(key, (series = { key, labels: own(metric), mean: empty(count), low: undefined, high: undefined }));
    const part = metric[PART];
    const row = part === "min" ? (series.low ??= empty(count)) : part === "max" ? (series.high ??= empty(count)) : series.mean;
    for (const [second, text] of values) {
      const at = Math.round((second * 1000 - from) / stepMs);
      const value = Number(text);
      if (at >= 0 && at < count && Number.isFinite(value)) row[at] = value;
    }
  }
  return { times, stepMs, series: [...found.values()] };
}

const empty = (count: number): Known[] => new Array<Known>(count).fill(null);

/** Whether anything is known of each bucket. */
export function knownOf(frame: Frame): boolean[] {
  return frame.times.map((_, at) => frame.series.some((series) => series.mean[at] !== null));
}

/** The least and the most that is drawn; the first is above the second where there is nothing. */
export function extremes(series: readonly Series[]): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const one of series) {
    for (const row of [one.mean, one.low, one.high]) {
      for (const value of row ?? []) {
        if (value === null) continue;
        if (value < least) least = value;
        if (value > most) most = value;
      }
    }
  }
  return [least, most];
}

/** The bucket that a moment falls into. */
export function bucketAt(frame: Frame, at: number): number {
  const first = frame.times[0] ?? 0;
  return Math.min(frame.times.length - 1, Math.max(0, Math.ceil((at - first) / frame.stepMs)));
}
