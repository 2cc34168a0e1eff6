import { expect, test } from "vitest";
import { BARS, drawn, stripOf } from "./strip.ts";

const now = Date.parse("2026-11-22T12:00:00Z");
const at = (hours: number) => new Date(now - hours * 3_600_000).toISOString();
const raised = (rule: string, severity: "warning" | "critical", from: number, to?: number) =>
  ({ rule, severity, since: at(from), began: at(from), ended: to === undefined ? null : at(to), learnt_at: at(from) });
const isCut = (one: { rule: string }) => one.rule === "Cut";

test("where nothing was raised nothing is drawn", () => {
  const { bars } = stripOf([], isCut, now);
  expect(bars).toHaveLength(BARS);
  expect(bars.every((bar) => bar.worst === undefined && !bar.cut)).toBe(true);
});

test("the worst counts, and a cut is told apart from what was raised", () => {
  const strip = stripOf([raised("Busy", "warning", 3, 1), raised("Full", "critical", 2, 1), raised("Cut", "critical", 6, 5)], isCut, now);
  expect(strip.bars[BARS - 6]?.worst).toBe("critical");
  expect(strip.bars[BARS - 11]?.worst).toBe("warning");
  expect(strip.bars[BARS - 22]).toEqual({ worst: undefined, cut: true });
  expect([strip.incidents, strip.cuts, strip.cutMs]).toEqual([2, 1, 3_600_000]);
});

test("what lasts goes up to now, and what began before the day fills it", () => {
  const { bars } = stripOf([raised("Busy", "warning", 30)], isCut, now);
  expect(bars.every((bar) => bar.worst === "warning")).toBe(true);
});

test("a strip is one drawing of each kind, and of nothing none", () => {
  expect(drawn(stripOf([], isCut, now))).toEqual([]);
  const strip = stripOf([raised("Busy", "warning", 1, 0.6), raised("Full", "critical", 0.5, 0.3), raised("Cut", "critical", 24, 23.8)], isCut, now);
  expect(drawn(strip)).toEqual([
    { kind: "cut", d: "M0 0h1v20h-1z" }, { kind: "warning", d: "M92 7h1v13h-1zM93 7h1v13h-1z" }, { kind: "critical", d: "M94 0h1v20h-1z" },
  ]);
});
