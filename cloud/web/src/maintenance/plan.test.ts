import { expect, test } from "vitest";
import { agendaOf, fieldOf, morningAfter, wishOf, type Form, type Mute } from "./plan.ts";

const NOW = new Date(2026, 10, 21, 20, 0).getTime();
const form = (change: Partial<Form>): Form => ({
  kind: "maintenance", client: "acme", site: "lyon", machine: "", rule: "", when: "h1", from: "", until: "", zone: "Europe/Paris", days: [], begin: "", end: "", why: " disk ", ...change,
});

test("a wish says what was filled in and nothing else", () => {
  expect(wishOf(form({}), NOW)).toEqual({ kind: "maintenance", client: "acme", site: "lyon", why: "disk", minutes: 60 });
  expect(wishOf(form({ when: "night", site: "" }), NOW)).toEqual({ kind: "maintenance", client: "acme", why: "disk", until_ms: new Date(2026, 10, 22, 6).getTime() });
});

test("tonight ends with the next morning, and not with one that is about to begin", () => {
  expect(morningAfter(new Date(2026, 10, 21, 2).getTime())).toBe(new Date(2026, 10, 21, 6).getTime());
  expect(morningAfter(new Date(2026, 10, 21, 5, 30).getTime())).toBe(new Date(2026, 10, 22, 6).getTime());
});

test("what does not say when it ends, or ends before it begins, is no wish", () => {
  expect(wishOf(form({ when: "custom" }), NOW)).toBeUndefined();
  expect(wishOf(form({ when: "custom", from: "2026-11-22T10:00", until: "2026-11-22T09:00" }), NOW)).toBeUndefined();
  expect(wishOf(form({ when: "every", until: "2026-12-22T09:00" }), NOW)).toBeUndefined();
  expect(wishOf(form({ when: "every", until: "2026-12-22T09:00", begin: "22:00", end: "06:00", days: ["sat"] }), NOW)).toMatchObject({
    every: { zone: "Europe/Paris", days: ["sat"], from: "22:00", to: "06:00" },
  });
});

test("a field of date and time gives back the minute that it was given", () => {
  expect(Date.parse(fieldOf(NOW))).toBe(NOW);
});

const mute = (id: string, change: Partial<Mute>) => ({ id, ended: null, active: false, windows: [], made_at: "2026-11-20T00:00:00Z", wish: { until_ms: 5 }, ...change }) as unknown as Mute;

test("works stand under now, coming or past", () => {
  const window: [string, string][] = [["2026-11-22T00:00:00Z", "2026-11-22T01:00:00Z"]];
  const agenda = agendaOf([mute("past", {}), mute("ended", { ended: ["x", "2026-11-21T00:00:00Z"], windows: window }), mute("now", { active: true, windows: window }), mute("coming", { windows: window })]);
  expect([agenda.now, agenda.coming, agenda.past].map((part) => part.map((one) => one.id))).toEqual([["now"], ["coming"], ["ended", "past"]]);
});
