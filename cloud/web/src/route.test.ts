import { expect, test } from "vitest";
import { find, pathOf, patterns } from "./route.ts";

test("an address leads to its page, with what stands in it", () => {
  expect(find("/")?.page).toBe("home");
  expect(find("/machines/")?.page).toBe("machines");
  expect(find("/machines/ab%2Fc")).toEqual({ page: "machine", params: { id: "ab/c" } });
  expect(find("/machines/x/metrics")).toEqual({ page: "machineTab", params: { id: "x", tab: "metrics" } });
  expect([find("/nowhere"), find("/machines/x/y/z"), find("/incidents//")]).toEqual([undefined, undefined, undefined]);
});

test("a page's address leads back to it, and no two pages share one", () => {
  expect(find(pathOf("incident", { id: "a b/c" }))).toEqual({ page: "incident", params: { id: "a b/c" } });
  expect(new Set(patterns).size).toBe(patterns.length);
});
