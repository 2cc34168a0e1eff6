import { beforeEach, expect, test } from "vitest";
import type { Machine } from "../api/types.ts";
import { GLYPHS } from "../parts/glyphs.ts";
import { settings } from "../settings.svelte.ts";
import { freshRow, freshSentence } from "./freshness.ts";
import { lookOf, lookOfSeverity, pastOf, shownNow, wordOf } from "./status.ts";

const now = Date.parse("2026-11-22T12:00:00Z");
const known = (ticks: number) => ({ ticks, samples: null, estimated: false });
const machine = (change: Partial<Machine>): Machine => ({
  id: "00", name: "compta-2", client: "acme", site: "lyon", health: "ok", interval_ms: 10_000,
  reachability: { state: "live", since: "2026-11-22T11:59:57.000Z" },
  last_sample: { observed_at: "2026-11-22T11:59:57.000Z", learnt_at: "2026-11-22T11:59:58.000Z", path: ["agent", "relay:LYON-R1", "hub"], verified: false },
  cpu: null, memory: null, clock: null, drain: null, status: { shown: "ok", was: "ok" },
  ledger: { collected: known(9), at_relay: null, at_hub: null, expired: null, folded: null, thinned: null, waiting: known(0), given_up: [], duplicates: 0 },
  ...change,
});

beforeEach(() => Object.assign(settings, { language: "en" }));

test("what is live says how long ago and by which way", () => {
  expect(freshSentence(machine({}), now)).toBe("Live, 3\u202fs ago via relay LYON-R1.");
  Object.assign(settings, { language: "fr" });
  expect(freshSentence(machine({}), now)).toBe("En direct, il y a 3\u202fs via le relais LYON-R1.");
});

test("what is reckoned says about, and what was counted does not", () => {
  const ledger = (estimated: boolean) => ({ ...machine({}).ledger, waiting: { ticks: 1200, samples: null, estimated } });
  const cut = (estimated: boolean) => freshSentence(machine({ reachability: { state: "cut", since: null }, ledger: ledger(estimated) }), now + 1000);
  expect(cut(true)).toContain("about 1,200 measurements expected there (estimate)");
  expect(cut(false)).toContain("1,200 measurements waiting.");
  expect(cut(false)).not.toContain("about");
});

test("while a site is cut off what it keeps is reckoned by the interval, and grows", () => {
  const cut = (minutes: number) => freshSentence(machine({ reachability: { state: "cut", since: null } }), now + minutes * 60_000);
  expect(cut(5)).toContain("about 30 measurements expected there (estimate)");
  expect(cut(10)).toContain("about 60 measurements");
  expect(freshSentence(machine({}), now + 300_000)).not.toContain("expected");
});

test("an end is told only where it is known, and loss always", () => {
  const late = (change: Partial<Machine>) => freshSentence(machine({ reachability: { state: "late", since: null }, ...change }), now);
  const waiting = { ...machine({}).ledger, waiting: known(50) };
  expect(late({ ledger: waiting, drain: { ticks_per_second: 10, done_in_seconds: null } })).toContain("ETA not known yet.");
  expect(late({ ledger: waiting, drain: { ticks_per_second: 10, done_in_seconds: 5 } })).toContain("Caught up in about 5\u202fs.");
  expect(late({})).toContain("Nothing lost, as far as is known.");
  const gone = { ...machine({}).ledger, given_up: [{ reason: "evicted", ticks: 3, samples: 30 }] };
  expect(freshSentence(machine({ ledger: gone }), now)).toContain("30 samples lost.");
});

test("a row says its age, and marks what is cut and what lost something", () => {
  expect(freshRow("live", now - 3000, false, now)).toBe("3\u202fs");
  expect(freshRow("cut", now - 3 * 3_600_000, true, now)).toBe("3\u202fh ◌ !");
  expect(freshRow("unseen", undefined, false, now)).toBe("–");
});

test("nothing that is not heard has the colour of being well", () => {
  for (const shown of ["stale", "silent", "asleep", "unknown", "retired", "late"] as const) {
    for (const was of ["ok", "warning", "critical", "unknown"] as const) expect(lookOf(shown, was).tone).not.toBe("ok");
  }
  for (const shown of ["ok", "heard", "warning", "critical", "late"] as const) expect(shownNow(shown, true)).toBe("stale");
  expect(shownNow("asleep", true)).toBe("asleep");
});

test("each state is told without a colour: its glyph and its word are no other's", () => {
  const states = ["ok", "warning", "critical", "late", "stale", "silent", "asleep", "unknown", "retired"] as const;
  const glyphs = states.map((shown) => JSON.stringify(GLYPHS[lookOf(shown, "unknown").glyph]));
  expect(new Set(glyphs).size).toBe(states.length);
  expect(new Set(states.map(wordOf)).size).toBe(states.length);
  const was = (["ok", "warning", "critical", "unknown"] as const).map((health) => JSON.stringify(GLYPHS[lookOf("stale", health).glyph]));
  expect(new Set(was).size).toBe(4);
});

test("what was critical behind a cut stays red and hatched, and says since when it is not verified", () => {
  expect(lookOf("stale", "critical")).toMatchObject({ tone: "critical", hatched: true });
  expect(lookOfSeverity("critical", true)).toMatchObject({ tone: "critical", hatched: true });
  expect(pastOf("stale", "critical", "11:02")).toBe("was Critical at 11:02");
  expect(pastOf("ok", "ok", "11:02")).toBe("");
});
