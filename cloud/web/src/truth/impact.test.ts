import { expect, test } from "vitest";
import { impactOf, settle } from "./impact.ts";

const since = "2026-11-22T00:00:00.000Z";
const begun = Date.parse(since);
const of = (severity: "critical" | "warning" | "info", machines: number, hours: number) =>
  impactOf({ severity, since, learnt_at: since }, machines, begun + hours * 3_600_000);

test("the score is the sum of the terms it is explained by, and never above a hundred", () => {
  for (const impact of [of("critical", 1, 0), of("warning", 14, 3), of("critical", 5000, 100)]) {
    expect(impact.score).toBe(impact.severity + impact.reach + impact.duration);
    expect(impact.score).toBeLessThanOrEqual(100);
  }
  expect(of("critical", 5000, 100).score).toBe(100);
});

test("worse, wider and longer each count for more", () => {
  expect(of("critical", 1, 1).score).toBeGreaterThan(of("warning", 1, 1).score);
  expect(of("warning", 14, 1).score).toBeGreaterThan(of("warning", 1, 1).score);
  expect(of("warning", 1, 5).score).toBeGreaterThan(of("warning", 1, 1).score);
});

test("what began after this clock's now lasts no time", () => {
  expect(of("warning", 1, -1).lastsMs).toBe(0);
});

test("the order stands while somebody points at it, and says how many would move", () => {
  expect(settle(["a", "b", "c"], ["c", "a", "b"], true)).toEqual({ order: ["a", "b", "c"], moved: 3 });
  expect(settle(["a", "b", "c"], ["c", "a", "b"], false)).toEqual({ order: ["c", "a", "b"], moved: 0 });
  expect(settle(["a", "b"], ["n", "b"], true)).toEqual({ order: ["b", "n"], moved: 2 });
});
