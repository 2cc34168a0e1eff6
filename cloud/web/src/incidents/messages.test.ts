import { expect, test } from "vitest";
import type { MessageOf } from "../api/types.ts";
import { fateOf, kindOf, standsOf } from "./messages.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const one: MessageOf = { id: "a", state: "sent", kind: "firing", route: "r", channel: "mail", to: null, at: "2026-11-22T11:00:00Z", tries: 1, said: null, displayed_at: null };

test("that a message was taken is not said to be read, and that a device showed it is said", () => {
  expect(fateOf(one, NOW)).toMatch(/^taken at /);
  expect(fateOf({ ...one, displayed_at: "2026-11-22T11:00:02Z" }, NOW)).toContain("shown on a device");
  expect(fateOf({ ...one, state: "waiting", tries: 0 }, NOW)).toContain("next try");
  expect(fateOf({ ...one, state: "waiting", tries: 3 }, NOW)).toContain("after 3 tries");
  expect(fateOf({ ...one, state: "dead" }, NOW)).toContain("given up");
});

test("a route that told has nothing to explain, and each other one says why and until when", () => {
  expect(standsOf({ route: "r", standing: "told", until: null }, NOW)).toBe("");
  expect(standsOf({ route: "r", standing: "muted", until: "2026-11-22T13:00:00Z" }, NOW)).toMatch(/^muted by planned work, until /);
  expect(standsOf({ route: "r", standing: "behind_cut", until: null }, NOW)).toContain("cut off");
});

test("a kind of a later hub is told by its own word", () => {
  expect([kindOf("escalated"), kindOf("sung")]).toEqual(["one step further", "sung"]);
});
