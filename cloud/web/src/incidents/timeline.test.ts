import { expect, test } from "vitest";
import type { Incident } from "../api/types.ts";
import { lateBy, timelineOf } from "./timeline.ts";

const word = (by: string, at: string, happened: string, learnt: string | null) => ({ by, at, happened_at: happened, learnt_at: learnt, text: "" });
const incident: Incident = {
  id: "A", standing: "acknowledged", rule: "Hot", severity: "critical", summary: "hot", client: "acme", site: "lyon", machine: "till-1", machine_id: "00",
  labels: {}, annotations: {}, value: 1, doubt: null, began: "2026-11-22T11:00:00Z", since: "2026-11-22T11:00:00Z", ended: null, times: 1,
  learnt_at: "2026-11-22T14:20:00Z", judge: { node: "00", name: "lyon-r1" }, contradicted: false,
  acknowledgements: [word("sophie", "hub", "2026-11-22T14:25:00Z", null), word("marc", "lyon-r1", "2026-11-22T11:14:00Z", "2026-11-22T14:20:00Z")],
  assignments: [], snoozed_until: null, closings: [], comments: [], muted_by: [], reached: "everywhere",
};

test("what was done on site during a cut stands where it happened, or where it was learnt", () => {
  expect(timelineOf(incident, "happened").map((one) => one.by)).toEqual(["sophie", "marc", "lyon-r1"]);
  expect(timelineOf(incident, "learnt")[0]?.by).toBe("sophie");
});

test("what was learnt more than a minute late says by how much", () => {
  const [sophie, marc, began] = timelineOf(incident, "happened");
  expect([sophie, marc, began].map((one) => (one ? lateBy(one) : -1))).toEqual([0, 11_160_000, 12_000_000]);
});
