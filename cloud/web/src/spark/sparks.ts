// The last hour of the machines that are seen, in one question for all of them.
//
// A point is what was measured within its two minutes and nothing else: where nothing came there is no point, and the line ends
// with the last that did. Nobody who flies past a row asks for it: the question waits until the rows stand.
import type { Matrix } from "../chart/frame.ts";

export const STEP_MS = 120_000;
export const POINTS = 30;
/** A line is asked for again when it is this old. */
const FRESH_MS = 60_000;
/** So long the rows have to stand. */
const REST_MS = 150;
/** Machines in one question: more are not seen at once. */
const MOST = 160;
/** Lines that are kept: some screens full, 120 bytes each. */
const KEPT = 2_000;

/** A share of 1 for each step of the hour; NaN where nothing is known. */
export type Points = Float32Array;

export interface Asking {
  ids: readonly string[];
  from: number;
  until: number;
}

/** What the question is. Ids are as far as they are known here. */
export function questionOf({ ids, from, until }: Asking): URLSearchParams {
  const which = ids.map((id) => id.replace(/[^0-9a-f]/g, "")).join("|");
  const query = `avg_over_time(system_cpu_utilization_ratio{cpu_logical_number="",machine_id=~"(${which}).*"}[${STEP_MS / 1000}s])`;
  return new URLSearchParams({ query, start: String(from / 1000), end: String(until / 1000), step: String(STEP_MS / 1000) });
}

/** The answer by machine, as they were asked for; one that has no line there measured nothing. */
export function pointsOf(matrix: Matrix, { ids, from }: Asking): Map<string, Points> {
  const found = new Map(ids.map((id) => [id, new Float32Array(POINTS).fill(NaN)]));
  const length = ids[0]?.length ?? 0;
  for (const { metric, values } of matrix.data.result) {
    const own = found.get((metric["machine_id"] ?? "").slice(0, length));
    if (!own) continue;
    for (const [second, text] of values) {
      const at = Math.round((second * 1000 - from) / STEP_MS);
      if (at >= 0 && at < POINTS && Number.isFinite(Number(text))) own[at] = Number(text);
    }
  }
  return found;
}

/** The last full hour, on whole steps: its last bucket is not over and is there as far as it came. */
export function hourBefore(now: number): { from: number; until: number } {
  const until = Math.ceil(now / STEP_MS) * STEP_MS;
  return { from: until - (POINTS - 1) * STEP_MS, until };
}

export interface SparksParts {
  ask: (params: URLSearchParams, signal: AbortSignal) => Promise<Matrix>;
  now: () => number;
  /** Something came. */
  changed: () => void;
}

export class Sparks {
  #parts: SparksParts;
  #kept = new Map<string, { points: Points; at: number }>();
  #wanted: readonly string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | undefined;

  constructor(parts: SparksParts) {
    this.#parts = parts;
  }

  /** What is known of a machine's last hour; none when it was not asked for yet. */
  of(id: string): Points | undefined {
    return this.#kept.get(id)?.points;
  }

  /** These are seen now. */
  want(ids: readonly string[]): void {
    this.#wanted = ids;
    clearTimeout(this.#timer);
    if (this.#missing().length) this.#timer = setTimeout(() => void this.#ask(), REST_MS);
  }

  leave(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  #missing(): string[] {
    const now = this.#parts.now();
    return this.#wanted.filter((id) => now - (this.#kept.get(id)?.at ?? -Infinity) > FRESH_MS).slice(0, MOST);
  }

  async #ask(): Promise<void> {
    const ids = this.#missing();
    if (ids.length === 0) return;
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    const now = this.#parts.now();
    const asking = { ids, ...hourBefore(now) };
    try {
      const matrix = await this.#parts.ask(questionOf(asking), abort.signal);
      if (abort.signal.aborted) return;
      for (const [id, points] of pointsOf(matrix, asking)) this.#keep(id, points, now);
      this.#parts.changed();
    } catch {
      // Without a line the row says what it says otherwise; it is asked again when rows are seen anew.
    }
  }

  #keep(id: string, points: Points, at: number): void {
    this.#kept.delete(id);
    if (this.#kept.size >= KEPT) this.#kept.delete(this.#kept.keys().next().value ?? "");
    this.#kept.set(id, { points, at });
  }
}
