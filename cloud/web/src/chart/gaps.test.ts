import { expect, test } from "vitest";
import type { Hole } from "../api/types.ts";
import { broken, gapsOf, type Situation } from "./gaps.ts";

const MINUTE = 60_000;
const times = (minutes: number) => Array.from({ length: minutes }, (_, at) => (at + 1) * MINUTE);

test("what is there to the end has no gap", () => {
  expect(gapsOf(situation({}))).toEqual([]);
});

test("a cut site leaves a tail that is awaited from its site, up to now", () => {
  const gaps = gapsOf(situation({ known: known([0, 30]), heardAt: 30 * MINUTE, reach: "cut" }));
  expect(gaps.map(shape)).toEqual(["waiting site 30-60"]);
});

test("a machine asleep leaves a tail that is not measured, and one not heard because the hub is not heard is awaited", () => {
  const tail = { known: known([0, 30]), heardAt: 30 * MINUTE };
  expect(gapsOf(situation({ ...tail, reach: "asleep" })).map(shape)).toEqual(["absent asleep 30-60"]);
  expect(gapsOf(situation({ ...tail, reach: "live", blind: true })).map(shape)).toEqual(["waiting hub 30-60"]);
});

test("a metric that ended while its machine goes on is not awaited", () => {
  expect(gapsOf(situation({ known: known([0, 20]), heardAt: 60 * MINUTE, reach: "live" })).map(shape)).toEqual(["absent ended 20-60"]);
});

test("the ledger says why, and only the rest is unknown", () => {
  const holes = [hole("lost", 10, 20, "evicted")];
  const gaps = gapsOf(situation({ known: known([0, 10], [30, 60]), holes }));
  expect(gaps.map(shape)).toEqual(["lost evicted 10-20", "absent unknown 20-30"]);
  expect(gaps[0]?.amount?.ticks).toBe(7);
});

test("before the first that is here nothing is said to have been unmeasured", () => {
  expect(gapsOf(situation({ known: known([20, 60]) })).map(shape)).toEqual(["absent before 0-20"]);
  expect(gapsOf(situation({ known: known() })).map(shape)).toEqual(["absent before 0-60"]);
});

test("a hole of the ledger is drawn even where its bucket has a value", () => {
  expect(gapsOf(situation({ holes: [hole("lost", 10, 10.01, "corrupt")] })).map(shape)).toEqual(["lost corrupt 10-10.01"]);
});

test("what was just measured is on its way and no gap; what waits for longer is one, up to now", () => {
  const open = (from: number) => [{ ...hole("waiting", from, 60, null), until: null }];
  expect(gapsOf(situation({ holes: open(59.5) }))).toEqual([]);
  expect(gapsOf(situation({ holes: open(50) })).map(shape)).toEqual(["waiting transit 50-60"]);
});

test("what is known by its hours is no gap, and a hole without a time is not drawn", () => {
  const nowhere = { ...hole("lost", 1, 2, null), from: null };
  expect(gapsOf(situation({ holes: [hole("folded", 0, 60, null), nowhere] }))).toEqual([]);
});

test("a line goes on over a measurement that came a little late, and never over a gap", () => {
  const row = [1, null, 2, 3, null, null, null, 4];
  const at = times(8);
  expect(broken(row, at, MINUTE, 5000, [])).toEqual([1, undefined, 2, 3, null, null, null, 4]);
  const gaps = gapsOf(situation({ holes: [hole("lost", 1.2, 1.4, "evicted")] }));
  expect(broken(row, at, MINUTE, 5000, gaps)[1]).toBeNull();
});

function situation(change: Partial<Situation>): Situation {
  return {
    from: 0, until: 60 * MINUTE, times: times(60), known: known([0, 60]), stepMs: MINUTE, intervalMs: 5000, holes: [], reach: "live", heardAt: 60 * MINUTE, blind: false, ...change,
  };
}

function known(...stretches: [number, number][]): boolean[] {
  return times(60).map((_, at) => stretches.some(([from, until]) => at >= from && at < until));
}

function hole(kind: Hole["kind"], from: number, until: number, reason: string | null): Hole {
  const stamp = (minute: number) => new Date(minute * MINUTE).toISOString();
  return { stream: "", kind, reason, first: 1, last: 7, amount: { ticks: 7, samples: null, estimated: false }, from: stamp(from), until: stamp(until) };
}

const shape = (gap: { kind: string; reason: string; from: number; until: number }) => `${gap.kind} ${gap.reason} ${gap.from / MINUTE}-${gap.until / MINUTE}`;
