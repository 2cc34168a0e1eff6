import { expect, test } from "vitest";
import { stepsOf, type Known } from "./next.ts";

const NOTHING: Known = { people: { total: 1 }, route: { routes: [{ used: false }] }, phone: { devices: [{ last_push: { displayed_at: null } }] }, rule: { groups: [{ origin: { source: "default" } }] }, site: { sites: [{ client: "acme", relays: [] }, { client: "vigie-demo", relays: ["r"] }] } };
const ALL: Known = { people: { total: 2 }, route: { routes: [{ used: false }, { used: true }] }, phone: { devices: [{ last_push: null }, { last_push: { displayed_at: "2026-11-22T12:00:00Z" } }] }, rule: { groups: [{ origin: { source: "default" } }, { origin: { source: "hub" } }] }, site: { sites: [{ client: "acme", relays: [] }, { client: "acme", relays: ["r"] }] } };

test("a step is done when it is so, and not before", () => {
  expect(stepsOf(NOTHING, () => true).map(({ done }) => done)).toEqual([false, false, false, false, false]);
  expect(stepsOf(ALL, () => true).map(({ done }) => done)).toEqual([true, true, true, true, true]);
});

test("who may not do a thing is not told to do it", () => {
  expect(stepsOf(NOTHING, (right) => right === "tell").map(({ name }) => name)).toEqual(["route"]);
  expect(stepsOf(NOTHING, () => false)).toEqual([]);
});

test("of what nobody has answered nothing is said", () => {
  expect(stepsOf({ people: { total: 3 } }, () => true)).toEqual([{ name: "people", done: true }]);
});
