import { expect, test } from "vitest";
import type { Incident } from "../api/types.ts";
import { debtOf } from "./debt.ts";
import { forecastQuery, foreseenOf, type Vector } from "./forecast.ts";
import { comparable, moversOf, weekOf } from "./weeks.ts";

const now = Date.parse("2026-11-22T12:00:00Z");
const DAY = 86_400_000;
const raised = (daysAgo: number, change: Partial<Incident> = {}) => ({
  rule: "CpuBusy", severity: "warning" as const, standing: "firing" as const, client: "acme", site: "lyon", began: null, ended: null, since: new Date(now - daysAgo * DAY).toISOString(), learnt_at: new Date(now).toISOString(), ...change,
});

test("a week counts what began in it, and of a cut the time that lies in it", () => {
  const all = [raised(1), raised(2, { severity: "critical" }), raised(8), raised(20), raised(8, { rule: "SiteCut", ended: new Date(now - 6 * DAY).toISOString() })];
  expect(weekOf(all, now)).toEqual({ incidents: 2, critical: 1, cuts: 0, cutMs: DAY });
  expect(weekOf(all, now - 7 * DAY)).toEqual({ incidents: 1, critical: 0, cuts: 1, cutMs: DAY });
});

test("places move by the difference of their weeks, and those that do not are left out", () => {
  const all = [raised(1), raised(2), raised(9, { site: "brest" }), raised(1, { site: "paris" }), raised(9, { site: "paris" })];
  expect(moversOf(all, now, 3)).toEqual([{ place: "acme / lyon", now: 2, before: 0 }, { place: "acme / brest", now: 0, before: 1 }]);
});

test("a week that nobody watched is held against nothing", () => {
  const minutes = (up: number, unverified: number) => [{ up, down: 0, unverified }];
  expect([comparable(minutes(90, 10), minutes(60, 40)), comparable(minutes(90, 10), minutes(10, 90)), comparable(minutes(90, 10), minutes(0, 100)), comparable([], minutes(1, 1))]).toEqual(["yes", "little", "nothing", "nothing"]);
});

const forecastsOf = (vector: Vector) => foreseenOf(vector).forecasts;
const disk = (part: string, value: number, mount = "/") => ({
  metric: { machine: "compta-2", machine_id: "aa", client: "acme", site: "lyon", system_filesystem_mountpoint: mount, vigie_part: part }, value: [now / 1000, String(value)] as [number, string],
});

test("two slopes that agree are steady, and two that do not are told as a stretch", () => {
  const perDay = (share: number) => share / 86_400;
  const [one] = forecastsOf({ data: { result: [disk("now", 0.8), disk("day", perDay(0.05)), disk("hours", perDay(0.04)), disk("whole", 0.75)] } });
  expect([one?.steady, one?.wholeDay, ((one?.sooner ?? 0) - now) / DAY, ((one?.later ?? 0) - now) / DAY].map((n) => (typeof n === "number" ? Math.round(n * 10) / 10 : n))).toEqual([true, true, 4, 5]);
  const [wild] = forecastsOf({ data: { result: [disk("now", 0.8), disk("day", perDay(0.05)), disk("hours", perDay(0.4)), disk("whole", 0.75)] } });
  expect(wild?.steady).toBe(false);
  const [young] = forecastsOf({ data: { result: [disk("now", 0.8), disk("day", perDay(0.05)), disk("hours", perDay(0.05))] } });
  expect([young?.steady, young?.wholeDay]).toEqual([false, false]);
});

test("what stopped growing has no later moment, and what does not grow is no forecast", () => {
  const all = forecastsOf({ data: { result: [disk("now", 0.8), disk("day", 1e-6), disk("hours", 0), disk("now", 0.9, "/var"), disk("day", -1e-6, "/var"), disk("hours", 1, "/tmp")] } });
  expect(all.map((one) => [one.mount, one.later, one.steady])).toEqual([["/", undefined, false]]);
});

test("how many disks it speaks of is told beside it", () => {
  const count = (kind: string, n: number) => ({ metric: { vigie_part: kind }, value: [now / 1000, String(n)] as [number, string] });
  expect(foreseenOf({ data: { result: [count("known", 3), count("all", 7)] } })).toEqual({ forecasts: [], known: 3, all: 7 });
  expect(foreseenOf({ data: { result: [] } })).toEqual({ forecasts: [], known: 0, all: 0 });
});

test("a place in the question can not end it", () => {
  expect(forecastQuery({ client: 'a"} or vector(1' })).toContain('client="a\\"} or vector(1"');
});

test("what is open for a day and is upkeep is a debt, and what is not is none", () => {
  const all = [raised(2, { rule: "DiskNearlyFull" }), raised(3, { rule: "DiskNearlyFull", standing: "acknowledged" }), raised(2, { rule: "ClockOff" }), raised(0.5, { rule: "DiskFull" }), raised(5), raised(5, { rule: "DiskFull", standing: "resolved" })];
  expect(debtOf(all, now)).toEqual({ minutes: 105, n: 3, works: [{ rule: "DiskNearlyFull", n: 2, minutes: 90 }, { rule: "ClockOff", n: 1, minutes: 15 }] });
});
