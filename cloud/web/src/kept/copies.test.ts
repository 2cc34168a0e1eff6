import { expect, test } from "vitest";
import { Copies, keyOf, LONGEST_MS, MOST_CHARS, MOST_COPIES, whoOf } from "./copies.ts";
import { Passing } from "./cupboard.ts";

const HOME = "/api/v1/incidents?limit=1000";
const MARIE = "person 1";
const PAUL = "person 2";

function kept() {
  const clock = { now: 1_000_000 };
  const cupboard = new Passing();
  return { clock, cupboard, copies: new Copies(cupboard, () => clock.now) };
}

test("what somebody saw is found again, with when it was so", async () => {
  const { copies, clock } = kept();
  await copies.signedIn(MARIE);
  await copies.keep(MARIE, HOME, () => '{"total":3}', clock.now);
  expect(await copies.find(HOME)).toEqual({ body: { total: 3 }, at: 1_000_000 });
});

test("another person finds nothing of it, and it is gone", async () => {
  const { copies, clock } = kept();
  await copies.signedIn(MARIE);
  await copies.keep(MARIE, HOME, () => "{}", clock.now);
  await copies.signedIn(PAUL);
  expect(await copies.find(HOME)).toBeUndefined();
  await copies.signedIn(MARIE);
  expect(await copies.find(HOME)).toBeUndefined();
});

test("at the door nobody is shown anything until the hub says who it is", async () => {
  const { copies, clock } = kept();
  await copies.signedIn(MARIE);
  await copies.keep(MARIE, HOME, () => "{}", clock.now);
  await copies.lock();
  expect(await copies.find(HOME)).toBeUndefined();
  expect(await copies.owner()).toBeUndefined();
  await copies.signedIn(MARIE);
  expect(await copies.find(HOME)).toBeDefined();
});

test("who signs out leaves nothing, and a page that stood open puts nothing back", async () => {
  const { copies, cupboard, clock } = kept();
  await copies.signedIn(MARIE);
  await copies.keep(MARIE, HOME, () => "{}", clock.now);
  await copies.wipe();
  await copies.keep(MARIE, "/api/v1/sites", () => "{}", clock.now + 60_000);
  const left = await cupboard.change(async (tx) => [await tx.all("copies"), await tx.all("outbox"), await tx.all("meta")]);
  expect(left).toEqual([[], [], []]);
});

test("a copy that is too old is shown to nobody", async () => {
  const { copies, clock } = kept();
  await copies.signedIn(MARIE);
  await copies.keep(MARIE, HOME, () => "{}", clock.now);
  clock.now += LONGEST_MS + 1;
  expect(await copies.find(HOME)).toBeUndefined();
});

test("of too many the oldest go, and of too large ones as many as it takes", async () => {
  const { copies, cupboard, clock } = kept();
  await copies.signedIn(MARIE);
  for (let at = 0; at < MOST_COPIES + 5; at += 1) await copies.keep(MARIE, `/api/v1/machines/${at}`, () => "{}", clock.now + at);
  expect(await copies.find("/api/v1/machines/4")).toBeUndefined();
  expect(await copies.find("/api/v1/machines/5")).toBeDefined();
  const large = JSON.stringify("x".repeat(MOST_CHARS / 4));
  for (let at = 0; at < 6; at += 1) await copies.keep(MARIE, `/api/v1/sites?q=${at}`, () => large, clock.now + 1000 + at);
  const all = await cupboard.change((tx) => tx.all<{ text: string }>("copies"));
  expect(all.reduce((sum, one) => sum + one.text.length, 0)).toBeLessThanOrEqual(MOST_CHARS);
  expect(await copies.find("/api/v1/sites?q=5")).toBeDefined();
});

test("tokens, people and the audit are never kept, and when somebody looked is no part of what they saw", () => {
  for (const path of ["/api/v1/tokens", "/api/v1/people", "/api/v1/audit?limit=1", "/api/v1/sessions", "/api/v1/me/devices/x/../../tokens/raw", "/api/v1/machines/a/raw", "/prometheus/api/v1/query"]) {
    expect(keyOf(path), path).toBeUndefined();
  }
  expect(keyOf("/api/v1/incidents?since=2026-01-01T00:00:00Z&limit=5")).toBe(keyOf("/api/v1/incidents?since=2026-02-01T00:00:00Z&limit=5"));
});

test("who sees as another is not that other", () => {
  const me = { name: "Marie", person: { id: "1" } };
  expect(new Set([whoOf(me), whoOf({ ...me, seeing: {} }), whoOf({ name: "Marie" })]).size).toBe(3);
});
