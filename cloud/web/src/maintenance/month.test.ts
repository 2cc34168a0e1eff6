import { expect, test } from "vitest";
import { cellsOf, movedBy, sameDayOf, windowsOf } from "./month.ts";
import type { Mute, Recurring } from "./plan.ts";

const utc = (text: string) => Date.parse(`${text}Z`);
const text = (at: number) => new Date(at).toISOString().slice(5, 16);

test("a night of every weekday keeps to the wall when clocks change", () => {
  const nights = work({ every: { zone: "Europe/Paris", days: ["fri", "sat"], from: "22:00", to: "06:00" } });
  const spans = windowsOf(nights, utc("2026-03-27T00:00"), utc("2026-03-30T00:00"));
  // The night in which clocks go forward has seven hours.
  expect(spans.map((one) => `${text(one.from)}-${text(one.until)}`)).toEqual(["03-27T21:00-03-28T05:00", "03-28T21:00-03-29T04:00"]);
});

test("a night that began the day before is not over", () => {
  const nights = work({ every: { zone: "UTC", days: ["mon"], from: "22:00", to: "06:00" } });
  expect(windowsOf(nights, utc("2026-11-24T00:00"), utc("2026-11-25T00:00")).map((one) => `${text(one.from)}-${text(one.until)}`)).toEqual(["11-24T00:00-11-24T06:00"]);
});

test("what was ended before its time mutes no more from then on, and what never begins mutes never", () => {
  const ended = { ...work({}), ended: ["ann", "2026-11-10T12:00:00Z"] as [string, string] };
  expect(windowsOf(ended, utc("2026-11-01T00:00"), utc("2026-12-01T00:00"))).toEqual([{ from: utc("2026-11-10T08:00"), until: utc("2026-11-10T12:00") }]);
  expect(windowsOf(work({ every: { zone: "UTC", days: [], from: "noon", to: "06:00" } }), 0, utc("2026-12-01T00:00"))).toEqual([]);
});

test("a month is whole weeks from Monday on, and what lasts for days is on each of them", () => {
  const cells = cellsOf("month", utc("2026-11-22T00:00"), [work({})], "UTC");
  expect([cells.length, cells[0]?.date, cells.at(-1)?.date]).toEqual([42, "2026-10-26", "2026-12-06"]);
  const days = cells.filter((cell) => cell.pieces.length);
  expect(days.map((cell) => [cell.date, cell.pieces[0]?.before, cell.pieces[0]?.after])).toEqual([["2026-11-10", false, true], ["2026-11-11", true, true], ["2026-11-12", true, false]]);
  expect(cells.filter((cell) => cell.inside)).toHaveLength(30);
  expect(cellsOf("week", utc("2026-11-11T00:00"), [work({})], "UTC").map((cell) => cell.pieces.length)).toEqual([0, 1, 1, 1, 0, 0, 0]);
});

test("days are where the reader is, with 23 hours in spring", () => {
  const [day] = cellsOf("week", utc("2026-03-29T00:00"), [], "Europe/Paris").slice(-1);
  expect([day?.date, (day?.until ?? 0) - (day?.from ?? 0)]).toEqual(["2026-03-29", 23 * 3_600_000]);
});

test("keys lead as in every grid of days", () => {
  const day = utc("2026-01-31T00:00");
  const led = (key: string, shift = false) => new Date(movedBy(key, shift, day) ?? 0).toISOString().slice(0, 10);
  expect(["ArrowLeft", "ArrowDown", "Home", "End", "PageDown", "PageUp"].map((key) => led(key))).toEqual(["2026-01-30", "2026-02-07", "2026-01-26", "2026-02-01", "2026-02-28", "2025-12-31"]);
  expect([led("PageDown", true), movedBy("a", false, day), new Date(sameDayOf(utc("2024-02-29T00:00"), 12)).toISOString().slice(0, 10)]).toEqual(["2027-01-31", undefined, "2025-02-28"]);
});

function work({ every = null }: { every?: Recurring | null }): Mute {
  const [from_ms, until_ms] = every ? [utc("2026-01-01T00:00"), utc("2027-01-01T00:00")] : [utc("2026-11-10T08:00"), utc("2026-11-12T18:00")];
  return { id: "M", wish: { kind: "maintenance", client: "acme", site: null, labels: {}, from_ms, until_ms, every, why: "" }, by: "ann", at: "hub", made_at: "2026-01-01T00:00:00Z", ended: null, active: false, windows: [] };
}
