import { expect, test } from "vitest";
import { tiled } from "./arrange.ts";
import { Columns, SHOWN, type Sent } from "./columns.ts";
import { inkOf, INKS, seenNow, stepped } from "./heat.ts";
import type { Part } from "./order.ts";
import { folded, lookAt } from "./view.ts";

const sent: Sent = {
  as_of: "2026-11-22T12:00:00.000Z", total: 3, places: [{ client: "acme", site: "lyon" }], shown_words: [...SHOWN], reach_words: ["live", "late", "silent", "cut", "asleep", "unseen", "retired"],
  id: ["a", "b", "c"], name: ["one", "two", "three"], place: [0, 0, 0], shown: "266", was: "oco", reach: "033", heard: [1, 9, 9], cpu: [1000, 500, null], memory: [0, 1, 2], waiting: [0, 0, 0], reckoned: "000", lost: [0, 0, 0],
};
const part = (title: string, rows: number[], closed = false): Part => ({ head: { key: title, title, of: rows.length, worst: "ok", counts: [], closed }, rows });

test("a cell that is not heard shows no figure as being so now, and what was critical stays apart", () => {
  const columns = new Columns(sent);
  const ink = (at: number, measure: "status" | "cpu", blind = false) => INKS[inkOf(columns, at, measure, seenNow(blind))];
  expect([ink(0, "cpu"), ink(1, "cpu"), ink(2, "cpu")]).toEqual([{ step: 4 }, { unknown: true }, { unknown: true }]);
  expect([ink(0, "status"), ink(1, "status"), ink(2, "status")]).toEqual([{ shown: "ok", was: "other" }, { shown: "stale", was: "critical" }, { shown: "stale", was: "other" }]);
  expect([ink(0, "cpu", true), ink(0, "status", true)]).toEqual([{ unknown: true }, { shown: "stale", was: "other" }]);
});

test("groups begin a row of their own, and a closed one shows its head alone", () => {
  const rows = tiled([part("lyon", [0, 1, 2]), part("paris", [3, 4], true), part("brest", [5])], 2);
  expect(rows.map((row) => row.head?.title ?? row.machines)).toEqual(["lyon", [0, 1], [2], "paris", "brest", [5]]);
  expect(tiled([part("", [0, 1, 2])], 2).map((row) => row.machines)).toEqual([[0, 1], [2]]);
});

test("the arrows go over heads and the ends of rows, and stop at the ends of all", () => {
  const rows = tiled([part("lyon", [0, 1, 2]), part("brest", [5])], 2);
  const go = (from: [number, number], key: string) => { const to = stepped(rows, { row: from[0], column: from[1] }, key, 2); return to && [to.row, to.column]; };
  expect([go([1, 1], "ArrowRight"), go([2, 0], "ArrowRight"), go([4, 0], "ArrowRight"), go([4, 0], "ArrowLeft")]).toEqual([[2, 0], [4, 0], [4, 0], [2, 0]]);
  expect([go([1, 1], "ArrowDown"), go([1, 1], "ArrowUp"), go([1, 0], "End"), go([4, 0], "Home"), go([1, 0], "PageDown"), go([1, 0], "z")]).toEqual([[2, 0], [1, 1], [4, 0], [1, 0], [2, 0], undefined]);
});

test("the address says how they are looked at, and nonsense in it is the usual", () => {
  expect(lookAt(new URLSearchParams("view=heat&sort=-cpu&by=memory&closed=acme/lyon"))).toEqual({ view: "heat", group: "site", sort: "cpu", down: true, measure: "memory", closed: new Set(["acme/lyon"]) });
  expect(lookAt(new URLSearchParams("view=x&group=y&sort=z"))).toMatchObject({ view: "table", group: "none", sort: "attention", down: false });
  expect([folded(new Set(), "acme/lyon"), folded(new Set(["acme/lyon"]), "acme/lyon")]).toEqual(["acme/lyon", undefined]);
});
