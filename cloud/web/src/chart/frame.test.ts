import { expect, test } from "vitest";
import type { Hole } from "../api/types.ts";
import { lastOf, linesOf, summaryOf, timesOf, zonesOf, type Span } from "./frame.ts";

const span: Span = { from: 1_000_000, to: 1_100_000, step: 10_000 };
const matrix = (pairs: [number, string][]) => ({ result: [{ metric: { a: "x" }, values: pairs }] });
const line = (pairs: [number, string][]) => linesOf(matrix(pairs), span, () => "x");

test("where nothing was received there is no value, and none is made up", () => {
  const [own] = line([[1000, "1"], [1010, "NaN"], [1040, "3"], [990, "9"]]);
  expect(timesOf(span)).toHaveLength(11);
  expect(own?.values).toEqual([1, null, null, null, 3, null, null, null, null, null, null]);
  expect(lastOf(line([[1000, "1"], [1040, "3"]]), span)).toBe(1_040_000);
  expect(lastOf([], span)).toBeUndefined();
});

test("a summary counts gaps, and what follows the last value is none", () => {
  expect(summaryOf(line([[1000, "1"], [1040, "3"]])[0], span)).toEqual({ least: 1, mean: 2, most: 3, peak: 1_040_000, gaps: 1 });
  expect(summaryOf(line([])[0], span)).toBeUndefined();
});

test("what follows the last value bears its reason: on its way behind a cut, not measured in silence", () => {
  const kinds = (state: "cut" | "silent" | "live") => zonesOf([], state, 1_040_000, span).map((zone) => [zone.kind, zone.from, zone.to]);
  expect(kinds("cut")).toEqual([["waiting", 1_040_000, 1_100_000]]);
  expect(kinds("silent")[0]?.[0]).toBe("absent");
  expect(zonesOf([], "live", 1_090_000, span)).toEqual([]);
});

test("what the ledger knows is drawn as it says, within the span", () => {
  const hole: Hole = { stream: "", kind: "lost", reason: "evicted", first: 1, last: 2, amount: { ticks: 2, samples: 20, estimated: false }, from: new Date(900_000).toISOString(), until: new Date(1_020_000).toISOString() };
  expect(zonesOf([hole], "live", 1_100_000, span)).toEqual([{ kind: "lost", from: 1_000_000, to: 1_020_000, samples: 20 }]);
});
