import { expect, test } from "vitest";
import { backoff } from "./backoff.ts";
import { HubClock } from "./clock.ts";
import { EventReader } from "./sse.ts";
import { truthOf } from "./truth.ts";

test("a clock that is set here makes nothing younger", () => {
  let steady = 0;
  let wall = 5_000_000;
  const clock = new HubClock({ steady: () => steady, wall: () => wall });
  clock.learn(1_000_000, 0, 20);
  steady = 60_000;
  wall = 5_000_000 - 3_600_000;
  expect(clock.now()).toBe(1_000_010 + 59_980);
});

test("after a sleep, in which one clock stood, the other counts", () => {
  let steady = 0;
  let wall = 5_000_000;
  const clock = new HubClock({ steady: () => steady, wall: () => wall });
  clock.learn(1_000_000, 0, 0);
  wall += 3_600_000;
  steady += 10;
  expect(clock.now()).toBe(1_000_000 + 3_600_000);
});

test("a slow answer does not replace a quick one that is young", () => {
  let steady = 0;
  const clock = new HubClock({ steady: () => steady, wall: () => steady });
  clock.learn(1_000_000, 0, 10);
  steady = 1000;
  clock.learn(9_000_000, 0, 1000);
  expect(clock.now()).toBeLessThan(1_002_000);
});

test("events are read whole however the text is cut", () => {
  const text = "event: ready\nid: a-1\ndata: {}\n\n:\n\nevent: alert\nid: a-2\ndata: {\"id\":\"x\"}\r\n\r\n";
  for (const size of [1, 3, 7, 1000]) {
    const reader = new EventReader();
    const told = [];
    for (let at = 0; at < text.length; at += size) told.push(...reader.take(text.slice(at, at + size)));
    expect(told.map((one) => [one.kind, one.id])).toEqual([["ready", "a-1"], ["alert", "a-2"]]);
    expect(reader.lastId).toBe("a-2");
  }
});

test("the wait grows to half a minute, and never all at once", () => {
  expect([backoff(1, 0), backoff(1, 1)]).toEqual([750, 1250]);
  expect(backoff(20, 0)).toBe(22_500);
  expect(backoff(20, 1)).toBeLessThanOrEqual(37_500);
});

test("only an open stream that was heard just now is live", () => {
  const sight = (open: boolean, silentMs: number | undefined) => truthOf({ open, silentMs, lateAfterMs: 15_000, copied: false });
  expect([sight(true, 9000), sight(true, 16_000), sight(false, 10), sight(false, undefined)]).toEqual(["live", "late", "copy", "wait"]);
});

test("what an earlier page saw is a copy, whatever is heard meanwhile", () => {
  expect(truthOf({ open: true, silentMs: 100, lateAfterMs: 15_000, copied: true })).toBe("copy");
});
