import { expect, test } from "vitest";
import type { Incident, Site } from "../api/types.ts";
import { cutsOf } from "./cuts.ts";
import { Drained } from "./drain.ts";
import { drainOf, lookOfSite, siteSentence } from "./state.ts";
import { tallyOf } from "./tally.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const site = (change: Partial<Site>): Site => ({
  name: "lyon", client: "acme", relays: [{ id: "1", name: "R1", link: { connected: true, since: null, last_heard: "2026-11-21T11:59:57Z", round_trip_ms: 20 }, page: null }],
  reachability: { state: "live", since: "2026-11-21T11:59:57Z" }, machines: 3, waiting: { ticks: 0, samples: null, estimated: false }, drain: null, ...change,
});

test("a site that is cut off is never in the colour of being well, nor is a live one when the hub is not heard", () => {
  const cut = site({ reachability: { state: "cut", since: null } });
  expect(lookOfSite(cut, false).tone).toBe("stale");
  expect(lookOfSite(site({}), false).tone).toBe("ok");
  expect(lookOfSite(site({}), true)).toMatchObject({ tone: "stale", hatched: true });
});

test("what the hub reckons says about, and a cut site is not said to have nothing waiting", () => {
  expect(siteSentence(site({}), NOW)).toBe("Heard 3\u202fs ago via relay R1. Nothing is waiting there.");
  const cut = site({ reachability: { state: "cut", since: null }, waiting: { ticks: 0, samples: null, estimated: true } });
  expect(siteSentence(cut, NOW)).not.toContain("Nothing is waiting");
  expect(siteSentence({ ...cut, waiting: { ticks: 40, samples: null, estimated: true } }, NOW)).toContain("about 40 measurements expected there (estimate)");
});

test("an end of the catching up is said only when the hub knows one", () => {
  expect(drainOf({ ticks_per_second: 31, done_in_seconds: null })).toContain("ETA not known yet");
  expect(drainOf({ ticks_per_second: 31, done_in_seconds: 140 })).toContain("about 2\u202fmin 20\u202fs");
});

test("the bar of the catching up shows counted things alone", () => {
  const drained = new Drained();
  expect(drained.seen({ ticks: 100, estimated: true }, true)).toBeUndefined();
  expect(drained.seen({ ticks: 100, estimated: false }, true)).toEqual({ done: 0, total: 100 });
  expect(drained.seen({ ticks: 40, estimated: false }, true)).toEqual({ done: 60, total: 100 });
  expect(drained.seen({ ticks: 0, estimated: false }, false)).toBeUndefined();
});

const incident = (change: Partial<Incident>) =>
  ({ id: "1", rule: "SiteCut", since: "2026-11-21T09:00:00Z", began: null, ended: "2026-11-21T10:00:00Z", learnt_at: "2026-11-21T09:00:30Z", times: 1, ...change }) as Incident;

test("what began at a site within a cut stands in its line, and what began before does not", () => {
  const all = [incident({}), incident({ id: "2", rule: "Cpu", since: "2026-11-21T09:30:00Z" }), incident({ id: "3", rule: "Cpu", since: "2026-11-21T08:30:00Z" })];
  const [line, more] = cutsOf(all, [], (one) => one.rule === "SiteCut", NOW);
  expect(more).toBeUndefined();
  expect(line?.raised.map((one) => one.id)).toEqual(["2"]);
  expect(cutsOf([incident({ ended: null })], [], () => true, NOW)[0]?.to).toBeUndefined();
});

test("what was raised just before its cut was noticed, and learnt with the rest, was raised there", () => {
  const before = (learnt_at: string) => incident({ id: "2", rule: "Bell", since: "2026-11-21T08:59:20Z", learnt_at });
  const raised = (learnt_at: string) => cutsOf([incident({}), before(learnt_at)], [], (one) => one.rule === "SiteCut", NOW)[0]?.raised.length;
  expect(raised("2026-11-21T10:00:02Z")).toBe(1);
  expect(raised("2026-11-21T08:59:21Z")).toBe(0);
});

test("two cuts of one incident are two lines, each with what was raised in it", () => {
  const twice = incident({ times: 3, past: [{ since: "2026-11-21T08:00:00Z", ended: "2026-11-21T08:55:00Z" }] });
  const all = [twice, incident({ id: "2", rule: "Cpu", since: "2026-11-21T09:30:00Z" }), incident({ id: "3", rule: "Cpu", since: "2026-11-21T08:30:00Z" })];
  const lines = cutsOf(all, [], (one) => one.rule === "SiteCut", NOW);
  expect(lines.map((line) => [new Date(line.from).toISOString().slice(11, 16), line.raised.map((one) => one.id), line.unkept])).toEqual([["09:00", ["2"], 0], ["08:00", ["3"], 1]]);
});

test("machines are counted by their state", () => {
  const tally = tallyOf({ total: 4, reach_words: ["live", "late", "silent", "cut"], reach: "3003", lost: [0, 2, 0, 5] });
  expect(tally).toEqual({ total: 4, states: [["live", 2], ["cut", 2]], lost: 7 });
});
