import { expect, test } from "vitest";
import { countOf, eachOf, nameOf, oneOf, readingsOf, topOf } from "./ask.ts";
import { fitted, inOrder, overlap, pressed, roomFor, settled } from "./grid.ts";
import { boardOf, saidOf, type Widget } from "./shape.ts";

const box = (x: number, y: number, w: number, h: number) => ({ x, y, w, h });
const cpu: Widget = { kind: "top", ...box(0, 0, 4, 4), title: "", metric: "system_cpu_utilization_ratio" };

test("whoever is pushed goes down, and nobody stands over another", () => {
  const all = settled([box(0, 0, 6, 2), box(6, 0, 6, 2), box(0, 2, 12, 1), box(0, 3, 3, 3)], 1, box(3, 0, 6, 2));
  expect(all).toEqual([box(0, 2, 6, 2), box(3, 0, 6, 2), box(0, 4, 12, 1), box(0, 5, 3, 3)]);
  for (const [at, one] of all.entries()) expect(all.some((other, of) => of !== at && overlap(one, other))).toBe(false);
});

test("nothing leaves the grid, whatever somebody does", () => {
  expect([fitted(box(11, -3, 6, 99)), fitted(box(-2, 1e9, 0, 0)), fitted(box(2.4, 1.6, 30, 1))]).toEqual([box(6, 0, 6, 20), box(0, 400, 1, 1), box(0, 2, 12, 1)]);
  expect(settled([box(0, 0, 1, 1)], 4, box(0, 0, 1, 1))).toEqual([box(0, 0, 1, 1)]);
});

test("a new one stands where there is room, and they are read by row", () => {
  const all = [box(0, 0, 6, 2), box(6, 1, 6, 2)];
  expect(roomFor(all, { w: 6, h: 1 })).toEqual(box(6, 0, 6, 1));
  expect(roomFor(all, { w: 12, h: 1 })).toEqual(box(0, 3, 12, 1));
  expect(inOrder([box(6, 0, 1, 1), box(0, 1, 1, 1), box(0, 0, 1, 1)]).map(({ at }) => at)).toEqual([2, 0, 1]);
});

test("keys move a widget and, with Shift, make it larger and smaller", () => {
  expect(pressed(box(0, 0, 6, 2), "ArrowRight", false)).toEqual(box(1, 0, 6, 2));
  expect(pressed(box(6, 0, 6, 2), "ArrowRight", true)).toEqual(box(6, 0, 6, 2));
  expect(pressed(box(0, 0, 6, 2), "ArrowDown", true)).toEqual(box(0, 0, 6, 3));
  expect(pressed(box(0, 0, 1, 1), "ArrowLeft", true)).toEqual(box(0, 0, 1, 1));
  expect(pressed(box(0, 0, 1, 1), "a", false)).toBeUndefined();
});

test("a widget asks of the place that is chosen, and of its own where it has one", () => {
  expect(eachOf(cpu, { client: "acme", site: "lyon" })).toBe('max by (machine_id, machine, client, site) ({__name__="system_cpu_utilization_ratio",client="acme",site="lyon"})');
  expect(topOf({ ...cpu, client: "bron", most: 3 }, { client: "acme", site: "lyon" })).toBe('topk(3, max by (machine_id, machine, client, site) ({__name__="system_cpu_utilization_ratio",client="bron"}))');
  expect(oneOf({ ...cpu, metric: "x_total", fold: "sum" }, {})).toBe('sum(max by (machine_id, machine, client, site) (rate({__name__="x_total"}[5m])))');
  expect([oneOf({ ...cpu, query: "vector(1)" }, {}), countOf({ ...cpu, query: "vector(1)" }, {})]).toEqual(["vector(1)", undefined]);
});

test("an answer is read most first, and what is no number is left out", () => {
  const row = (machine: string, value: string) => ({ metric: { machine }, value: [1, value] as [number, string] });
  expect(readingsOf({ data: { resultType: "vector", result: [row("a", "1"), row("b", "NaN"), row("c", "3")] } }).map(({ labels }) => nameOf(labels))).toEqual(["c", "a"]);
  expect(readingsOf({ data: { resultType: "scalar", result: [1, "4"] } })).toEqual([{ labels: {}, value: 4 }]);
  expect(nameOf({ __name__: "up", job: "node", instance: "x" })).toBe("job=node instance=x");
});

test("a file is a board or none, and tells nobody with whom it was shared", () => {
  expect(boardOf(JSON.stringify({ name: "Night", shared: "acme", range: "7d", widgets: [cpu] }))).toEqual({ name: "Night", shared: null, range: "7d", widgets: [cpu] });
  expect(["", "[]", "null", "{}", '{"name":"x"}', '{"name":1,"widgets":[]}'].map(boardOf)).toEqual([undefined, undefined, undefined, undefined, undefined, undefined]);
  expect(boardOf('{"name":"x","range":"toString","widgets":[]}')?.range).toBe("24h");
});

test("what was left empty is not said", () => {
  const widget = { ...cpu, query: "", machine: "", text: "" } as Widget;
  expect(saidOf({ name: " Night ", shared: "", range: "24h", widgets: [widget] })).toEqual({ name: "Night", shared: null, range: "24h", widgets: [cpu] });
});
