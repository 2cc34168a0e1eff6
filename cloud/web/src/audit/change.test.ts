import { expect, test } from "vitest";
import { changesOf } from "./change.ts";

test("those fields alone are told that differ, by their whole name", () => {
  expect(changesOf({ a: 1, b: { c: "x", d: [1] } }, { a: 1, b: { c: "y", d: [1, 2] } })).toEqual([
    { field: "b.c", before: "x", after: "y" },
    { field: "b.d", before: "[1]", after: "[1,2]" },
  ]);
});

test("what came or went has one side alone, and a bare value no name", () => {
  expect(changesOf(null, { uses: 3 })).toEqual([{ field: "uses", before: undefined, after: "3" }]);
  expect(changesOf("on", "off")).toEqual([{ field: "", before: "on", after: "off" }]);
  expect(changesOf(null, null)).toEqual([]);
});
