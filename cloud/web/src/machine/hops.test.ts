import { expect, test } from "vitest";
import type { Machine, Site } from "../api/types.ts";
import { hopsOf } from "./hops.ts";

const at = "2026-11-22T12:00:00.000Z";
const machine = (state: Machine["reachability"]["state"]): Machine => ({
  id: "00", name: "till-1", client: "acme", site: "lyon", health: "ok", interval_ms: 10_000, reachability: { state, since: at },
  last_sample: { observed_at: at, learnt_at: at, path: ["agent", "relay:lyon-r1", "hub"], verified: true }, cpu: null, memory: null, clock: null, drain: null,
  status: { shown: "ok", was: "ok" },
  ledger: { collected: { ticks: 1, samples: 1, estimated: false }, at_relay: null, at_hub: null, expired: null, folded: null, thinned: null, waiting: { ticks: 0, samples: 0, estimated: false }, given_up: [], duplicates: 0 },
});
const site = (connected: boolean): Site => ({
  name: "lyon", client: "acme", relays: [{ id: "01", name: "lyon-r1", link: { connected, since: at, last_heard: at, round_trip_ms: null }, page: null }],
  reachability: { state: connected ? "live" : "cut", since: at }, machines: 1, waiting: { ticks: 0, samples: 0, estimated: false }, drain: null,
});
const states = (state: Machine["reachability"]["state"], connected: boolean, blind = false) =>
  hopsOf(machine(state), [site(connected)], { at: 1, blind }).map((hop) => hop.state);

test("one hop is broken, and of what is behind it nothing is known", () => {
  expect(states("live", true)).toEqual(["whole", "whole", "whole"]);
  expect(states("silent", true)).toEqual(["broken", "whole", "whole"]);
  expect(states("cut", false)).toEqual(["unknown", "broken", "whole"]);
  expect(states("cut", true), "whose connection stands over a dead line").toEqual(["unknown", "broken", "whole"]);
  expect(states("live", true, true)).toEqual(["unknown", "unknown", "broken"]);
  expect(states("asleep", true)).toEqual(["unknown", "whole", "whole"]);
});

test("a relay was heard when it brought something, however old the list of sites is", () => {
  const later = "2026-11-22T12:01:00.000Z";
  const brought = { ...machine("live"), last_sample: { observed_at: later, learnt_at: later, path: ["agent", "relay:lyon-r1", "hub"], verified: true } };
  const heard = (sites: Site[]) => hopsOf(brought, sites, { at: 1, blind: false })[1]?.at;
  expect(heard([site(true)])).toBe(Date.parse(later));
  expect(heard([])).toBe(Date.parse(later));
  const told = structuredClone(site(true));
  told.relays[0]!.link.last_heard = "2026-11-22T12:02:00.000Z";
  expect(heard([told])).toBe(Date.parse(later) + 60_000);
});
