import { expect, test } from "vitest";
import { beginningOf, sharesOf, type Lapse } from "./minutes.ts";

test("what is not verified is neither up nor down, and a minute down is never rounded away", () => {
  const shares = sharesOf([{ up: 900, down: 0, unverified: 60 }, { up: 39, down: 1, unverified: 0 }]);
  expect(shares).toEqual({ up: 0.939, down: 0.001, unverified: 0.06, available: 0.998 });
  expect(sharesOf([{ up: 99_999, down: 1, unverified: 0 }])?.available).toBe(0.999);
});

test("where nothing is verified there is no availability, and of nothing there is nothing", () => {
  expect(sharesOf([{ up: 0, down: 0, unverified: 5 }])?.available).toBeUndefined();
  expect(sharesOf([])).toBeUndefined();
});

const to = "2026-11-22T12:00:00.000Z";
const from = "2026-11-21T12:00:00.000Z";
const site = (...machines: { up: number; down: number; unverified: number; lapses: Lapse[] }[]) => ({ client: "acme", site: "lyon", up: 0, down: 0, unverified: 0, machines });

test("a hub that has just begun tells of its minutes, and not of a share of a day", () => {
  const young = (up: number, down: number, began: string) => ({ up, down, unverified: 1440 - up - down, lapses: [{ from, to: began, down: false }] });
  const synthetic = { up: 0, down: 0, unverified: 1440, lapses: [{ from, to, down: false }] };
  expect(beginningOf({ from, to, sites: [site(young(6, 0, "2026-11-22T11:54:00.000Z"), young(3, 1, "2026-11-22T11:56:00.000Z"), synthetic)] })).toEqual({ up: 9, down: 1, unverified: 0, watchedMs: 360_000, never: 1 });
});

test("where more than an hour is verified, or nothing, there is no beginning to tell of", () => {
  expect(beginningOf({ from, to, sites: [site({ up: 1430, down: 0, unverified: 10, lapses: [{ from: "2026-11-22T01:00:00.000Z", to: "2026-11-22T01:10:00.000Z", down: false }] })] })).toBeUndefined();
  expect(beginningOf({ from, to, sites: [site({ up: 0, down: 0, unverified: 1440, lapses: [] })] })).toBeUndefined();
  expect(beginningOf({ from, to, sites: [] })).toBeUndefined();
});
