// The same sentences as the hub's own reader of filters is held to (shared/query/src/filter/tests.rs).
import { expect, test } from "vitest";
import { read, type Field, type Row } from "./grammar.ts";

const FIELDS: Field[] = [
  { key: "status", kind: ["ok", "heard", "warning", "critical", "late"] }, { key: "site", kind: "text" }, { key: "name", kind: "text" },
  { key: "cpu", kind: "share" }, { key: "seen", kind: "span" }, { key: "waiting", kind: "number" },
];
const row = (own: { name?: string; site?: string; status?: string; cpu?: number; seen?: number; waiting?: number }): Row => ({
  texts: (key) => [(own as Record<string, string>)[key] ?? ""].filter(Boolean),
  number: (key) => (own as Record<string, number>)[key],
  anywhere: () => [own.name ?? "", own.site ?? ""],
});
const all = (q: string, own: Row) => read(q, FIELDS).terms.every((term) => term.keeps(own));
const keeps = (q: string, own: Parameters<typeof row>[0]) => all(q, row(own));

test("terms must all hold, and of several values one", () => {
  const till = { name: "till-1", site: "lyon", status: "critical", cpu: 0.95 };
  for (const q of ["", "status:crit", "status:warn,crit", "site:LYON name:till*", "cpu:>90", "cpu:>=95%", "-site:paris", "TILL", '"ll-1"', "-status:ok cpu:<96"]) {
    expect(keeps(q, till), q).toBe(true);
  }
  for (const q of ["status:ok", "site:ly", "-till", "cpu:>95", "cpu:=95.1", "site:none", "name:\"till*\""]) expect(keeps(q, till), q).toBe(false);
});

test("of what is not known nothing holds, and none is for what has no text", () => {
  expect([keeps("cpu:<50", {}), keeps("-cpu:<50", {}), keeps("site:none", {}), keeps("seen:>1h", { seen: 3601 }), keeps("seen:>1h", { seen: 3600 })]).toEqual([false, true, true, true, false]);
});

test("what can not be understood is said to be wrong, with its place, and left out", () => {
  const text = 'colour:red site:lyon cpu:much status:x cpu: "open';
  expect(read(text, FIELDS).wrong.map((one) => [one.why, one.from])).toEqual([["field", 0], ["value", 21], ["value", 30], ["missing", 39], ["quote", 44]]);
  expect(keeps(text, { site: "lyon" })).toBe(true);
  expect(keeps(text, { site: "paris" })).toBe(false);
});

test("numbers are those that people mean", () => {
  for (const q of ["waiting:1e5", "waiting:inf", "seen:5", "seen:>1y", "cpu:>", "waiting:-1"]) expect(read(q, FIELDS).wrong, q).toHaveLength(1);
  for (const q of ["waiting:>100", "waiting:.5", "seen:>1.5h", "cpu:90%"]) expect(read(q, FIELDS).wrong, q).toHaveLength(0);
});
