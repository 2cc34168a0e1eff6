import { expect, test } from "vitest";
import { fit } from "./fit.ts";

test("a photo is made small by its longer side, in its own shape", () => {
  expect(fit(4000, 3000)).toEqual({ width: 1600, height: 1200 });
  expect(fit(3000, 4000)).toEqual({ width: 1200, height: 1600 });
});

test("what is small enough stays as it is, and nothing vanishes", () => {
  expect(fit(640, 480)).toEqual({ width: 640, height: 480 });
  expect(fit(16_000, 2)).toEqual({ width: 1600, height: 1 });
  expect(fit(0, 0)).toEqual({ width: 1, height: 1 });
});
