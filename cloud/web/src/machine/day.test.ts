import { expect, test } from "vitest";
import type { Hole, Incident, Machine } from "../api/types.ts";
import { BAR_MS, BARS, dayOf, placed, raisedIn, type Matrix } from "./day.ts";

const UNTIL = Date.parse("2026-11-22T12:00:00Z");
const FROM = UNTIL - BARS * BAR_MS;
const HOUR = 3_600_000;
const stamp = (at: number) => new Date(at).toISOString();
const machine = (state: string, heardAt: number) => ({ id: "aa", interval_ms: 5000, reachability: { state }, last_sample: { observed_at: stamp(heardAt) } }) as unknown as Machine;
/** Each quarter of an hour of these hours has measurements. */
const heard = (from: number, to: number): Matrix => ({
  data: { result: [{ values: Array.from({ length: BARS }, (_, at) => at + 1).filter((at) => at * BAR_MS > from * HOUR && at * BAR_MS <= to * HOUR).map((at): [number, string] => [(FROM + at * BAR_MS) / 1000, "180"]) }] },
});
const shape = ({ gaps }: { gaps: { kind: string; reason: string; from: number; until: number }[] }) => gaps.map((gap) => `${gap.kind} ${gap.reason} ${(gap.from - FROM) / HOUR}-${(gap.until - FROM) / HOUR}`);

test("a day that is here whole has no gap", () => {
  const day = dayOf(heard(0, 24), machine("live", UNTIL), [], UNTIL, false);
  expect([day.gaps, day.measured]).toEqual([[], 1]);
});

test("what a cut site has is awaited, what is lost says so, and before the first nothing is claimed", () => {
  const hole = { stream: "", kind: "lost", reason: "evicted", first: 1, last: 9, amount: { ticks: 9, samples: null, estimated: false }, from: stamp(FROM + 10 * HOUR), until: stamp(FROM + 11 * HOUR) } as unknown as Hole;
  const day = dayOf(heard(6, 20), machine("cut", FROM + 20 * HOUR), [hole], UNTIL, false);
  expect(shape(day)).toEqual(["absent before 0-6", "lost evicted 10-11", "waiting site 20-24"]);
  expect(day.measured).toBeCloseTo(14 / 24);
});

test("the line of who is not heard ends when it was heard, within a quarter of an hour, too", () => {
  const cutNow = (reach: string, blind: boolean) => shape(dayOf(heard(0, 24), machine(reach, UNTIL - HOUR / 10), [], UNTIL, blind));
  expect([cutNow("cut", false), cutNow("live", true), cutNow("live", false)]).toEqual([["waiting site 23.9-24"], ["waiting hub 23.9-24"], []]);
});

test("what joined just now has nothing older, and is measured", () => {
  const day = dayOf(heard(23.75, 24), machine("live", UNTIL - 5000), [], UNTIL, false);
  expect([shape(day), day.measured]).toEqual([["absent before 0-23.75"], 1 / BARS]);
});

test("nothing of it here at all is a gap from end to end, and never a day that was well", () => {
  const day = dayOf({ data: { result: [] } }, machine("cut", FROM - HOUR), [], UNTIL, false);
  expect([shape(day), day.measured]).toEqual([["waiting site 0-24"], 0]);
});

test("each time that something was so stands where it was, cut to the day", () => {
  const one = { id: "A", severity: "warning", began: null, since: stamp(FROM + 12 * HOUR), ended: null, learnt_at: stamp(UNTIL), past: [{ since: stamp(FROM - HOUR), ended: stamp(FROM + 6 * HOUR) }, { since: stamp(FROM - 9 * HOUR), ended: stamp(FROM - 8 * HOUR) }] } as unknown as Incident;
  const raised = raisedIn([one], { from: FROM, until: UNTIL });
  expect(raised.map((bar) => placed(bar, { from: FROM, until: UNTIL }))).toEqual([{ left: 0, width: 25 }, { left: 50, width: 50 }]);
});
