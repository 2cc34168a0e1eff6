import { expect, test } from "vitest";
import { impactOf, isWithin, settle, type Said } from "./impact.ts";

const since = "2026-11-22T00:00:00.000Z";
const begun = Date.parse(since);
const of = (severity: "critical" | "warning" | "info", machines: number, hours: number, said: Said = {}, rule = "NobodyAnswers") =>
  impactOf({ severity, since, learnt_at: since, rule }, machines, begun + hours * 3_600_000, said);
const always = { days: [0, 1, 2, 3, 4, 5, 6], from: "00:00", to: "24:00" };

test("the score is the sum of the terms it is explained by, and never above a hundred", () => {
  for (const said of [{}, { objective: 0.99 }, { opening: always }, { objective: 0.99, opening: always }]) {
    for (const impact of [of("critical", 1, 0, said), of("warning", 14, 3, said), of("critical", 5000, 100, said)]) {
      expect(impact.score).toBe(impact.severity + impact.reach + impact.duration + (impact.burn ?? 0) + (impact.hours ?? 0));
      expect(impact.score).toBeLessThanOrEqual(100);
    }
    expect(of("critical", 5000, 100, said).score).toBe(100);
  }
});

test("what nobody has said counts for nothing, and says that it is not known", () => {
  expect(of("critical", 1, 1)).toMatchObject({ burn: undefined, hours: undefined, used: undefined, isOpen: undefined });
  const known = of("critical", 1, 1, { objective: 0.99 });
  expect(known.hours).toBeUndefined();
  expect(known.used).toBeCloseTo(1 / 7.2);
});

test("behind a cut nobody knows whether a machine is down: it uses nothing up", () => {
  expect(of("critical", 200, 1, { objective: 0.99 }, "SiteCut")).toMatchObject({ used: 0, burn: 0 });
  expect(of("critical", 200, 1, { objective: 0.99 }).burn).toBeGreaterThan(0);
});

test("hours may go over midnight, and belong to the day on which they began", () => {
  const at = (day: number, hour: number) => new Date(2026, 10, 22 + day, hour, 30).getTime();
  const week = { days: [1, 2, 3, 4, 5], from: "08:00", to: "18:00" };
  expect([isWithin(week, at(1, 9)), isWithin(week, at(1, 18)), isWithin(week, at(0, 9))]).toEqual([true, false, false]);
  const night = { days: [1], from: "22:00", to: "06:00" };
  expect([isWithin(night, at(1, 23)), isWithin(night, at(2, 5)), isWithin(night, at(2, 23)), isWithin(night, at(1, 5))]).toEqual([true, true, false, false]);
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
