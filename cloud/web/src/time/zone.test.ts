import { expect, test } from "vitest";
import { dateOf, holdsDay, isZone, momentOf, timeOf, wallOf, weekdayOf } from "./zone.ts";

const PARIS = "Europe/Paris";
const utc = (text: string) => Date.parse(`${text}Z`);

test("a time of the wall is its moment in winter and in summer", () => {
  expect(momentOf(utc("2026-01-15T22:00"), PARIS)).toBe(utc("2026-01-15T21:00"));
  expect(momentOf(utc("2026-07-15T22:00"), PARIS)).toBe(utc("2026-07-15T20:00"));
  expect(momentOf(utc("2026-01-15T22:00"), "America/New_York")).toBe(utc("2026-01-16T03:00"));
  for (const at of ["2026-01-15T21:00", "2026-03-29T00:59", "2026-03-29T01:00", "2026-10-25T02:00"]) expect(momentOf(wallOf(utc(at), PARIS), PARIS)).toBe(utc(at));
});

test("what is left out in spring is later, and what comes twice in autumn is the first", () => {
  expect(momentOf(utc("2026-03-29T02:30"), PARIS)).toBe(utc("2026-03-29T01:30"));
  expect(wallOf(utc("2026-03-29T01:30"), PARIS)).toBe(utc("2026-03-29T03:30"));
  expect(momentOf(utc("2026-10-25T02:30"), PARIS)).toBe(utc("2026-10-25T00:30"));
});

test("days and times are read as the hub reads them", () => {
  expect([weekdayOf(utc("2026-11-22T12:00")), weekdayOf(utc("2026-11-23T00:00"))]).toEqual([6, 0]);
  const sunday = utc("2026-11-22T00:00");
  expect([[], ["sun"], ["mon-fri"], ["sat-mon"], ["mon", "sun"]].map((days) => holdsDay(days, sunday))).toEqual([true, true, false, true, true]);
  expect([timeOf("22:30"), timeOf("24:00"), timeOf("25:00"), timeOf("")]).toEqual([81_000_000, 86_400_000, undefined, undefined]);
  expect([dateOf("2026-01-05"), dateOf("soon")]).toEqual([utc("2026-01-05T00:00"), undefined]);
  expect([isZone(PARIS), isZone("Mars/Base"), isZone("")]).toEqual([true, false, false]);
});
