import { expect, test } from "vitest";
import { read, type Row } from "../filter/grammar.ts";
import { csvOf } from "./csv.ts";
import { Columns, FIELDS, type Sent } from "./columns.ts";
import { grouped, ordered, type Sort } from "./order.ts";

const sent: Sent = {
  as_of: "2026-11-22T12:00:00.000Z", total: 4,
  places: [{ client: "acme", site: "lyon" }, { client: "bron", site: "paris" }],
  shown_words: ["retired", "asleep", "ok", "heard", "unknown", "late", "stale", "silent", "warning", "critical"],
  reach_words: ["live", "late", "silent", "cut", "asleep", "unseen", "retired"],
  id: ["aaaaaa", "bbbbbb", "cccccc", "dddddd"], name: ["till-1", "till-2", "server", "new"], place: [0, 0, 1, 1],
  marks: [{ tags: [], groups: [] }, { tags: ["lab", "till"], groups: ["front"] }], mark: [1, 0, 0, 0],
  shown: "2964", was: "ocou", reach: "0035", heard: [3, 5, 7200, null], cpu: [120, 950, 300, null], memory: [500, 400, null, null],
  waiting: [0, 0, 720, 0], reckoned: "0010", lost: [0, 0, 0, 0],
};
const now = Date.parse(sent.as_of);
const names = (q: string) => {
  const columns = new Columns(sent);
  return columns.matching(read(q, FIELDS).terms, ordered(columns, "site", false), now).map(columns.name);
};

test("the filter means here what it means at the hub", () => {
  expect(names("")).toHaveLength(4);
  expect(names("site:lyon cpu:>90")).toEqual(["till-2"]);
  expect(names("reach:cut")).toEqual(["server"]);
  expect(names("seen:>1h")).toEqual(["server"]);
  expect(names("-seen:<2m")).toEqual(["server", "new"]);
  expect(names("health:unknown")).toEqual(["new"]);
  expect(names("tag:lab group:front")).toEqual(["till-1"]);
  expect(names("-tag:till site:lyon")).toEqual(["till-2"]);
  expect(names("tag:none site:lyon")).toEqual(["till-2"]);
});

test("what needs a person comes first, and what is not known last whichever way it is sorted", () => {
  const columns = new Columns(sent);
  const by = (how: Sort, down: boolean) => [...ordered(columns, how, down)].map(columns.name);
  expect(by("attention", false)).toEqual(["till-2", "server", "new", "till-1"]);
  expect(by("cpu", false)).toEqual(["till-1", "server", "till-2", "new"]);
  expect(by("cpu", true)).toEqual(["till-2", "server", "till-1", "new"]);
  expect(by("heard", false)).toEqual(["till-1", "till-2", "server", "new"]);
  expect(by("name", true)).toEqual(["till-2", "till-1", "server", "new"]);
});

test("what an event tells counts in the next filter, and the order waits for the next list", () => {
  const columns = new Columns(sent);
  const order = ordered(columns, "attention", false);
  const down = () => columns.matching(read("status:silent", FIELDS).terms, order, now).map(columns.name);
  expect(down()).toEqual([]);
  expect(columns.learn("aaaaaa77", "silent", "silent")).toBe(true);
  expect(down()).toEqual(["till-1"]);
  expect(columns.matching([], order, now).map(columns.name)[0]).toBe("till-2");
  expect(columns.learn("ffffff77", "silent", "silent")).toBe(false);
});

test("a filter that was looked at is not looked at again, but for ages, which go on", () => {
  const columns = new Columns(sent);
  const order = ordered(columns, "site", false);
  let asked = 0;
  const counted = (q: string) => read(q, FIELDS).terms.map((term) => ({ ...term, keeps: (row: Row) => { asked += 1; return term.keeps(row); } }));
  columns.matching(counted("name:till*"), order, now);
  expect(asked).toBe(4);
  columns.matching(counted("name:till* site:lyon"), order, now);
  expect(asked).toBe(4 + 2);
  const old = () => columns.matching(counted("seen:>3s"), order, now + 60_000).map(columns.name);
  expect(columns.matching(counted("seen:>3s"), order, now).map(columns.name)).toEqual(["till-2", "server"]);
  expect(old()).toEqual(["till-1", "till-2", "server"]);
});

test("a group tells how many are in it, how they are, and is listed unless it was closed", () => {
  const columns = new Columns(sent);
  const lines = grouped([0, 1, 2, 3], columns, "site", (key) => key, new Set(["bron/paris"]));
  expect(lines).toEqual([
    { key: "acme/lyon", title: "acme/lyon", of: 2, worst: "critical", counts: [["critical", 1], ["ok", 1]], closed: false }, 0, 1,
    { key: "bron/paris", title: "bron/paris", of: 2, worst: "stale", counts: [["stale", 1], ["unknown", 1]], closed: true },
  ]);
  expect(grouped([0, 1, 2, 3], columns, "status", (key) => key).filter((line) => typeof line !== "number").map((head) => head.key)).toEqual(["critical", "stale", "unknown", "ok"]);
  const tagged = grouped([3, 1, 0], new Columns({ ...sent, mark: [1, 2, 0, 0], marks: [...sent.marks!, { tags: ["till"], groups: [] }] }), "tag", (key) => key);
  expect(tagged.map((line) => (typeof line === "number" ? line : line.key)), "those with the same tags, and whom nobody tagged last").toEqual(["lab till", 0, "till", 1, "-", 3]);
});

test("machines are grouped, filtered and put in order by what they run and how full their disks are; what is not known passes nothing and comes last", () => {
  const columns = new Columns({ ...sent, systems: ["Debian GNU/Linux 12", "Windows Server 2022"], system: [0, null, 1, 0], disk: [420, null, 910, 950] });
  const groups = grouped([0, 1, 2, 3], columns, "os", (key) => key).map((line) => (typeof line === "number" ? line : line.key));
  expect(groups).toEqual(["Debian GNU/Linux 12", 0, 3, "Windows Server 2022", 2, "-", 1]);
  const found = (text: string) => columns.matching(read(text, FIELDS).terms, Uint32Array.of(0, 1, 2, 3), 0);
  expect([found("os:debian*"), found('os:"Windows Server 2022"'), found("disk:>90"), found("-os:debian* disk:>90")]).toEqual([[0, 3], [2], [2, 3], [2]]);
  expect([...ordered(columns, "disk", true)]).toEqual([3, 2, 0, 1]);
  expect(csvOf(columns, [2, 1]).split("\r\n").slice(1, 3).map((line) => line.split(",").slice(10, 12))).toEqual([["0.91", "Windows Server 2022"], ["", ""]]);
  expect([new Columns(sent).disk(0), new Columns(sent).system(0)], "a copy that an older page kept").toEqual([undefined, ""]);
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
  expect(lines[4]).toContain(",unseen,,,,,,0,false,0");
});
