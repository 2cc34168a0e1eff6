import { expect, test } from "vitest";
import { best, fit, type Hit } from "./search.ts";

const hit = (title: string): Hit => ({ kind: "machine", title, more: "", href: "/" });

test("a beginning fits better than a word's beginning, and that better than anything inside", () => {
  expect(fit("compta-2", "compta")).toBeGreaterThan(fit("pc-compta", "compta"));
  expect(fit("pc-compta", "compta")).toBeGreaterThan(fit("xcompta", "compta"));
  expect(fit("compta", "till")).toBe(0);
});

test("the best come first, and no more than are wanted", () => {
  const hits = ["backup-till", "till-1", "other", "till-2"].map(hit);
  expect(best(hits, " Till ", 2).map((one) => one.title)).toEqual(["till-1", "till-2"]);
  expect(best(hits, "", 3)).toHaveLength(3);
});
