// Why is there no line here? Three kinds of gap, from what the ledger says and from what is not there.
import type { Amount, Hole, Reachability } from "../api/types.ts";

export type GapKind = "waiting" | "absent" | "lost";

/** Why, in a word that the page translates. */
export type Reason =
  | "site" | "machine" | "transit" | "hub" | "asleep" | "off" | "retired" | "ended" | "before" | "unknown"
  | "interrupted" | "evicted" | "corrupt" | "store_lost" | "hub_lost";

export interface Gap {
  kind: GapKind;
  from: number;
  until: number;
  reason: Reason;
  /** How much, where the ledger counted or reckoned it. */
  amount: Amount | undefined;
}

export interface Situation {
  from: number;
  until: number;
  times: readonly number[];
  known: readonly boolean[];
  stepMs: number;
  intervalMs: number;
  holes: readonly Hole[];
  reach: Reachability;
  /** When the newest measurement of the machine was made that is here. */
  heardAt: number | undefined;
  /** The hub is not heard: nothing newer can be known. */
  blind: boolean;
}

/** Nothing shorter is a gap: a measurement may come a little late and fall into the next bucket. */
export const leastGap = (stepMs: number, intervalMs: number): number => 2 * intervalMs + stepMs;

export function gapsOf(now: Situation): Gap[] {
  const told = now.holes.flatMap((hole) => ofHole(hole, now));
  const least = leastGap(now.stepMs, now.intervalMs);
  const open = runs(now).flatMap((run) => without(run, told)).filter(([from, until]) => until - from > least);
  return [...told, ...open.flatMap((run) => explained(run, now))].sort((a, b) => a.from - b.from);
}

/** A hole of the ledger; one that is known by its hours is none, and one without a time can not be drawn. */
function ofHole(hole: Hole, { from, until, reach, stepMs, intervalMs }: Situation): Gap[] {
  if (hole.kind === "folded" || hole.from === null) return [];
  const begin = Math.max(from, Date.parse(hole.from));
  const end = Math.min(until, hole.until === null ? until : Date.parse(hole.until));
  if (end < begin || end < from || begin > until) return [];
  // What was just measured is on its way at any moment.
  if (hole.kind === "waiting" && end - begin <= leastGap(stepMs, intervalMs)) return [];
  const reason: Reason = hole.kind === "lost" ? lossOf(hole.reason) : hole.kind === "absent" ? (reach === "asleep" && hole.until === null ? "asleep" : "off") : reach === "cut" ? "site" : "transit";
  return [{ kind: hole.kind, from: begin, until: end, reason, amount: hole.amount }];
}

const LOSSES: readonly Reason[] = ["interrupted", "evicted", "corrupt", "store_lost", "hub_lost"];
const lossOf = (reason: string | null): Reason => LOSSES.find((one) => one === reason) ?? "unknown";

/** Where nothing is known, from the end of the bucket before to the end of the last one. */
function runs({ times, known, stepMs, from, until }: Situation): [number, number][] {
  const found: [number, number][] = [];
  let begin: number | undefined = from;
  for (const [at, time] of times.entries()) {
    if (known[at]) {
      if (begin !== undefined && time - stepMs > begin) found.push([begin, time - stepMs]);
      begin = undefined;
    } else begin ??= time - stepMs;
  }
  const last = times.at(-1) ?? from;
  found.push([begin ?? last, until]);
  return found.map(([a, b]): [number, number] => [Math.max(from, a), Math.min(until, b)]).filter(([a, b]) => b > a);
}

function without([from, until]: [number, number], gaps: readonly Gap[]): [number, number][] {
  let left: [number, number][] = [[from, until]];
  for (const gap of gaps) {
    left = left.flatMap(([a, b]): [number, number][] => {
      if (gap.until <= a || gap.from >= b) return [[a, b]];
      return [[a, Math.max(a, gap.from)], [Math.min(b, gap.until), b]];
    }).filter(([a, b]) => b > a);
  }
  return left;
}

/** What the ledger has no word for: at the end it is awaited, as far as the machine itself was not heard since. */
function explained([from, until]: [number, number], now: Situation): Gap[] {
  const gap = (kind: GapKind, reason: Reason, a: number, b: number): Gap => ({ kind, from: a, until: b, reason, amount: undefined });
  const heard = now.heardAt;
  // Whether it was measured before it is first known cannot be said: it may have joined then, or be kept no longer.
  if (from === now.from && (until < now.until || (heard !== undefined && heard >= until))) return [gap("absent", "before", from, until)];
  if (heard === undefined || until < now.until || heard >= until) return [gap("absent", until < now.until ? "unknown" : "ended", from, until)];
  const tail = now.blind ? gap("waiting", "hub", 0, 0) : tailOf(now.reach, gap);
  const least = leastGap(now.stepMs, now.intervalMs);
  // Others of its metrics came meanwhile: this one is no longer measured.
  if (heard - from <= least) return [{ ...tail, from, until }];
  const before = gap("absent", "ended", from, heard);
  return until - heard > least ? [before, { ...tail, from: heard, until }] : [{ ...before, until }];
}

function tailOf(reach: Reachability, gap: (kind: GapKind, reason: Reason, a: number, b: number) => Gap): Gap {
  if (reach === "asleep" || reach === "retired") return gap("absent", reach, 0, 0);
  return gap("waiting", reach === "cut" ? "site" : reach === "silent" ? "machine" : "transit", 0, 0);
}

/**
 * A row as it is drawn: `undefined` lets the line go on where a measurement only came a little late, `null` breaks it. It is
 * broken wherever a gap is, however short.
 */
export function broken(row: readonly (number | null)[], times: readonly number[], stepMs: number, intervalMs: number, gaps: readonly Gap[]): (number | null | undefined)[] {
  const drawn: (number | null | undefined)[] = [...row];
  const most = leastGap(stepMs, intervalMs) / stepMs;
  for (let at = 0; at < row.length; at += 1) {
    if (row[at] !== null) continue;
    let end = at;
    while (end < row.length && row[end] === null) end += 1;
    const [from, until] = [(times[at] ?? 0) - stepMs, times[end - 1] ?? 0];
    const inside = at > 0 && end < row.length && end - at < most && !gaps.some((gap) => gap.from < until && gap.until > from);
    if (inside) drawn.fill(undefined, at, end);
    at = end;
  }
  return drawn;
}
