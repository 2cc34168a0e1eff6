import { expect, test } from "vitest";
import { read } from "../filter/grammar.ts";
import { csvOf } from "./csv.ts";
import { Columns, FIELDS, type Sent } from "./columns.ts";
import { grouped, sort } from "./order.ts";

const sent: Sent = {
  as_of: "2026-11-22T12:00:00.000Z", total: 4,
  places: [{ client: "acme", site: "lyon" }, { client: "bron", site: "paris" }],
  shown_words: ["retired", "asleep", "ok", "heard", "unknown", "late", "stale", "silent", "warning", "critical"],
  reach_words: ["live", "late", "silent", "cut", "asleep", "unseen", "retired"],
  id: ["aaaaaa", "bbbbbb", "cccccc", "dddddd"], name: ["till-1", "till-2", "server", "new"], place: [0, 0, 1, 1],
  shown: "2964", was: "ocou", reach: "0035", heard: [3, 5, 7200, null], cpu: [120, 950, 300, null], memory: [500, 400, null, null],
  waiting: [0, 0, 720, 0], reckoned: "0010", lost: [0, 0, 0, 0],
};
const now = Date.parse(sent.as_of);
const names = (q: string) => {
  const columns = new Columns(sent);
  return columns.matching(read(q, FIELDS).keeps, now).map(columns.name);
};

test("the filter means here what it means at the hub", () => {
  expect(names("")).toHaveLength(4);
  expect(names("site:lyon cpu:>90")).toEqual(["till-2"]);
  expect(names("reach:cut")).toEqual(["server"]);
  expect(names("seen:>1h")).toEqual(["server"]);
  expect(names("-seen:<2m")).toEqual(["server", "new"]);
  expect(names("health:unknown")).toEqual(["new"]);
});

test("what needs a person comes first, and what is not known last whichever way it is sorted", () => {
  const columns = new Columns(sent);
  const by = (how: "attention" | "cpu", down: boolean) => {
    const rows = [0, 1, 2, 3];
    sort(rows, columns, how, down);
    return rows.map(columns.name);
  };
  expect(by("attention", false)).toEqual(["till-2", "server", "new", "till-1"]);
  expect(by("cpu", false)).toEqual(["till-1", "server", "till-2", "new"]);
  expect(by("cpu", true)).toEqual(["till-2", "server", "till-1", "new"]);
});

test("a group tells how many are in it and the worst of them", () => {
  const lines = grouped([0, 1, 2, 3], new Columns(sent), "site", (key) => key);
  expect(lines).toEqual([{ title: "acme / lyon", of: 2, worst: "critical" }, 0, 1, { title: "bron / paris", of: 2, worst: "stale" }, 2, 3]);
});

test("a machine is found by its whole id", () => {
  expect(new Columns(sent).find("bbbbbb1234")).toBe(1);
  expect(new Columns(sent).find("ffffff1234")).toBe(-1);
});

test("a table program takes no name for a formula, and what is not known is empty", () => {
  const columns = new Columns({ ...sent, name: ["=cmd()", 'a"b', "c,d", "new"] });
  const lines = csvOf(columns, [0, 1, 2, 3]).split("\r\n");
  expect(lines[1]).toContain(",'=cmd(),acme,lyon,ok,");
  expect([lines[2], lines[3]].map((line) => line?.split(",acme")[0]?.split(",bron")[0])).toEqual(['bbbbbb,"a""b"', 'cccccc,"c,d"']);
  expect(lines[4]).toContain(",unseen,,,,0,false,0");
});
