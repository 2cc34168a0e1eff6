import { expect, test } from "vitest";
import { scheduleSaid, shiftsOf, weekOf, type ScheduleFields } from "./shifts.ts";

const utc = (text: string) => Date.parse(`${text}Z`);
const n1: ScheduleFields = { zone: "Europe/Paris", start: "2026-01-05", hand_over: "09:00", days: 7, turns: ["marie", "paul"], person: [] };
const shape = (from: string, until: string, fields = n1) => shiftsOf(fields, utc(from), utc(until)).map((one) => `${one.who}${one.standsIn ? "*" : ""} ${new Date(one.from).toISOString().slice(5, 16)}-${new Date(one.until).toISOString().slice(5, 16)}`);

test("turns hand over at the same time of the wall in winter and in summer", () => {
  expect(shape("2026-01-11T00:00", "2026-01-13T00:00")).toEqual(["marie 01-11T00:00-01-12T08:00", "paul 01-12T08:00-01-13T00:00"]);
  // The last Sunday of March: clocks go forward, and the next turn begins an hour earlier in UTC.
  expect(shape("2026-03-29T00:00", "2026-03-31T00:00")).toEqual(["paul 03-29T00:00-03-30T07:00", "marie 03-30T07:00-03-31T00:00"]);
});

test("nobody is on call before the first turn, nor where nobody takes turns", () => {
  expect(shape("2026-01-04T00:00", "2026-01-05T12:00")).toEqual(["marie 01-05T08:00-01-05T12:00"]);
  expect(shape("2026-02-01T00:00", "2026-02-02T00:00", { ...n1, turns: [] })).toEqual([]);
  expect(shape("2026-02-01T00:00", "2026-02-02T00:00", { ...n1, start: "soon" })).toEqual([]);
});

test("who stands in does so from the one moment to the other, and the turn goes on after", () => {
  const stood = { ...n1, stand_in: [{ from: "2026-01-06T18:00", to: "2026-01-06T20:00", who: "paul" }] };
  expect(shape("2026-01-06T12:00", "2026-01-07T00:00", stood)).toEqual(["marie 01-06T12:00-01-06T17:00", "paul* 01-06T17:00-01-06T19:00", "marie 01-06T19:00-01-07T00:00"]);
});

test("a week begins on Monday, where the schedule is", () => {
  const days = weekOf(utc("2026-11-22T23:30"), "Europe/Paris", 0);
  expect([days.length, days[0]]).toEqual([7, utc("2026-11-23T00:00")]);
});

test("what was left empty is not said", () => {
  const person = [{ name: " marie ", tell: [{ channel: "sms", to: " +336 " }, { channel: "", to: "" }] }, { name: "", tell: [] }];
  expect(scheduleSaid({ ...n1, person }).person).toEqual([{ name: "marie", tell: [{ channel: "sms", to: "+336" }] }]);
});
