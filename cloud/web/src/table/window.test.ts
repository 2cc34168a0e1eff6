import { expect, test } from "vitest";
import { Rows } from "./window.ts";

test("rows of one height and rows of their own are found where they stand", () => {
  for (const rows of [new Rows(50_000, 28), new Rows(50_000, () => 28)]) {
    expect([rows.height, rows.top(49_999), rows.at(0), rows.at(27), rows.at(28), rows.at(-5), rows.at(1e9)]).toEqual([1_400_000, 1_399_972, 0, 0, 1, 0, 50_000]);
  }
  const mixed = new Rows(4, (at) => [30, 100, 30, 100][at] ?? 0);
  expect([mixed.height, mixed.at(29), mixed.at(30), mixed.at(129), mixed.at(130), mixed.at(259), mixed.at(260)]).toEqual([260, 0, 1, 1, 2, 3, 4]);
  expect(new Rows(0, 28).at(10)).toBe(0);
});
