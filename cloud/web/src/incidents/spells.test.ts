import { expect, test } from "vitest";
import type { Incident } from "../api/types.ts";
import { stripOf } from "../truth/strip.ts";
import { weekOf } from "../truth/weeks.ts";
import { spellsOf } from "./spells.ts";
import { timelineOf } from "./timeline.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const at = (minutesAgo: number) => new Date(NOW - minutesAgo * 60_000).toISOString();
const twice = {
  id: "A", rule: "SiteCut", severity: "critical", client: "acme", site: "lyon", times: 2, began: at(60), since: at(20), ended: at(10), learnt_at: at(60),
  past: [{ since: at(60), ended: at(30) }], acknowledgements: [], assignments: [], comments: [], closings: [], judge: null,
} as unknown as Incident;

test("each time that a site was cut off counts by itself, and what lies between is no cut", () => {
  expect(spellsOf(twice)).toEqual([{ from: NOW - 3_600_000, to: NOW - 1_800_000 }, { from: NOW - 1_200_000, to: NOW - 600_000 }]);
  const { cuts, cutMs } = weekOf([twice], NOW);
  expect([cuts, cutMs]).toEqual([2, 2_400_000]);
  const strip = stripOf([twice], () => true, NOW);
  expect([strip.cuts, strip.cutMs]).toEqual([2, 2_400_000]);
});

test("what happened tells of each beginning and each end", () => {
  const told = timelineOf(twice, "happened").map((one) => `${one.kind} ${(NOW - one.at) / 60_000}`);
  expect(told).toEqual(["ended 10", "began 20", "ended 30", "began 60"]);
});

test("what an earlier hub did not keep is not made up", () => {
  expect(spellsOf({ ...twice, past: undefined })).toHaveLength(1);
  const told = timelineOf({ ...twice, past: undefined }, "happened").map((one) => one.kind);
  expect(told).toEqual(["ended", "began", "began"]);
});
