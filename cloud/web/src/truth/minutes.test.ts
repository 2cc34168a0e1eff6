import { expect, test } from "vitest";
import { sharesOf } from "./minutes.ts";

test("what is not verified is neither up nor down, and a minute down is never rounded away", () => {
  const shares = sharesOf([{ up: 900, down: 0, unverified: 60 }, { up: 39, down: 1, unverified: 0 }]);
  expect(shares).toEqual({ up: 0.939, down: 0.001, unverified: 0.06, available: 0.998 });
  expect(sharesOf([{ up: 99_999, down: 1, unverified: 0 }])?.available).toBe(0.999);
});

test("where nothing is verified there is no availability, and of nothing there is nothing", () => {
  expect(sharesOf([{ up: 0, down: 0, unverified: 5 }])?.available).toBeUndefined();
  expect(sharesOf([])).toBeUndefined();
});
