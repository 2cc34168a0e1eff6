import { expect, test } from "vitest";
import { EMPTY, exprOf, labelsOf, readOf, toldOf, wishOf } from "./make.ts";

const shelf = { ...EMPTY, name: "Shelf", metric: "shelf_celsius", threshold: "8", client: "acme", site: "lyon" };

test("what is tried is what the rule would ask", () => {
  expect(exprOf(shelf)).toBe('shelf_celsius{client="acme",site="lyon"} > 8');
  expect(exprOf({ ...shelf, reading: "avg", over: "10m", sign: "<", threshold: "90%", only: "device=sda" })).toBe('avg_over_time(shelf_celsius{client="acme",site="lyon",device="sda"}[10m]) < 0.9');
  expect(readOf({ ...shelf, reading: "forecast", over: "6h" })).toContain("[6h], 345600)");
  expect([exprOf({ ...shelf, threshold: "hot" }), exprOf({ ...shelf, metric: "a b" }), readOf({ ...shelf, reading: "rate", over: "soon" }), readOf({ ...shelf, only: "device" })]).toEqual([undefined, undefined, undefined, undefined]);
});

test("a label may be anything and stays one", () => {
  expect(labelsOf('device = "sda", mode=idle')).toEqual({ device: "sda", mode: "idle" });
  expect(readOf({ ...EMPTY, metric: "a", machine: 'x"} or up{' })).toBe('a{machine="x\\"} or up{"}');
});

test("the hub is sent what was said and nothing that was left empty", () => {
  expect(wishOf({ ...shelf, reading: "forecast", over: "6h", clear: "7,5", hold: "" })).toEqual({ name: "Shelf", client: "acme", site: "lyon", metric: "shelf_celsius", reading: "forecast 6h 4d", above: 8, clear: 7.5, for: "0s", severity: "warning" });
});

test("the example tells of a machine and its number", () => {
  expect(toldOf({ ...shelf, summary: "{{ $labels.machine }}: {{ $value }}° {{ $labels.none }}" }, { machine: "till-1" }, "9.2")).toBe("till-1: 9.2° ");
});

test("what is of no machine is told without one", () => {
  expect(toldOf(shelf, { machine: "till-1" }, "9.2")).toBe("Shelf of till-1: shelf_celsius is 9.2");
  expect(toldOf(shelf, {}, "9.2")).toBe("Shelf: shelf_celsius is 9.2");
});
