import { expect, test } from "vitest";
import { heardOf, lineOf, notedOf, peakOf, QUARTER_MS, QUARTERS, scaleOf, type Matrix } from "./line.ts";

const UNTIL = Date.parse("2026-11-22T12:00:00Z");
const FROM = UNTIL - QUARTERS * QUARTER_MS;
const matrix = (relay: string, values: Record<number, number>): Matrix => ({
  data: { result: [{ metric: { relay_id: relay }, values: Object.entries(values).map(([at, value]): [number, string] => [(FROM + (Number(at) + 1) * QUARTER_MS) / 1000, String(value)]) }] },
});
const NONE: Matrix = { data: { result: [] } };
const line = lineOf("aa", {
  up: matrix("aa", { 90: 1, 91: 0.5, 93: 0 }),
  trip: matrix("aa", { 90: 0.04, 91: 0.06 }), tripMost: matrix("aa", { 90: 0.05, 91: 0.31 }),
  lost: matrix("aa", { 90: 0, 91: 0.02 }), lostMost: matrix("aa", { 90: 0, 91: 0.12 }),
}, UNTIL);

test("a day of a line has what was noted of it, and nothing where nothing was", () => {
  expect(line.quarters.map((quarter) => (quarter ? 1 : 0)).join("").slice(88)).toBe("00110100");
  expect(line.quarters[93]).toEqual({ up: 0, trip: undefined, lost: undefined });
  expect(heardOf(line)).toBe(0.5);
  expect(notedOf(line)).toEqual({ from: UNTIL - 6 * QUARTER_MS, until: UNTIL - 2 * QUARTER_MS, holes: 1 });
});

test("the worst is told with when it was so", () => {
  expect(peakOf(line, "trip")).toEqual({ mean: 50, most: 310, at: UNTIL - 4 * QUARTER_MS });
  expect(peakOf(line, "lost")).toEqual({ mean: 0.01, most: 0.12, at: UNTIL - 4 * QUARTER_MS });
  expect(scaleOf(line)).toBe(500);
});

test("another relay's day is not this one's, and of what is not noted nothing is said", () => {
  const other = lineOf("bb", { up: matrix("aa", { 90: 1 }), trip: NONE, tripMost: NONE, lost: NONE, lostMost: NONE }, UNTIL);
  expect([notedOf(other), heardOf(other), peakOf(other, "trip"), peakOf(other, "lost")]).toEqual([undefined, undefined, undefined, undefined]);
});
