import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Matrix } from "../chart/frame.ts";
import { settings } from "../settings.svelte.ts";
import { lineOf, runs, sentenceOf } from "./draw.ts";
import { hourBefore, pointsOf, POINTS, questionOf, Sparks, STEP_MS } from "./sparks.ts";

const now = Date.parse("2026-11-22T12:01:00Z");
const matrix = (all: Record<string, [number, string][]>): Matrix => ({
  status: "success", data: { result: Object.entries(all).map(([id, values]) => ({ metric: { machine_id: id }, values })) },
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a line is broken where nothing was measured, and ends with the last that was", () => {
  const { from, until } = hourBefore(now);
  const values = [0, 1, 2, 10, 15, 16].map((at): [number, string] => [(from + at * STEP_MS) / 1000, "0.5"]);
  const found = pointsOf(matrix({ aaaaaa00: values }), { ids: ["aaaaaa", "bbbbbb"], from, until });
  expect(runs(found.get("aaaaaa") ?? new Float32Array())).toEqual([[0, 2], [10, 10], [15, 16]]);
  expect(runs(found.get("bbbbbb") ?? new Float32Array([1]))).toEqual([]);
  expect((until - from) / STEP_MS + 1).toBe(POINTS);
});

test("what is no number is no point, and an id can not end the question", () => {
  const { from, until } = hourBefore(now);
  const found = pointsOf(matrix({ aaaaaa00: [[from / 1000, "NaN"], [until / 1000, "+Inf"]] }), { ids: ["aaaaaa"], from, until });
  expect(runs(found.get("aaaaaa") ?? new Float32Array([1]))).toEqual([]);
  expect(questionOf({ ids: ['ab"}) or vector(1'], from, until }).get("query")).toContain('machine_id=~"(abec1).*"}');
});

test("rows that stand are asked for together and once, and those that fly past are not", async () => {
  const asked: string[] = [];
  let at = now;
  let drawn = 0;
  const sparks = new Sparks({
    ask: async (params) => { asked.push(/~"\(([^)]*)\)/.exec(params.get("query") ?? "")?.[1] ?? ""); return matrix({}); },
    now: () => at, changed: () => (drawn += 1),
  });
  for (let n = 0; n < 20; n += 1) {
    sparks.want([`0${n}`, `1${n}`]);
    await vi.advanceTimersByTimeAsync(16);
  }
  await vi.advanceTimersByTimeAsync(300);
  expect([asked, drawn]).toEqual([["019|119"], 1]);
  sparks.want(["019", "0a"]);
  await vi.advanceTimersByTimeAsync(300);
  expect(asked[1]).toBe("0a");
  at += 61_000;
  sparks.want(["019"]);
  await vi.advanceTimersByTimeAsync(300);
  expect(asked[2]).toBe("019");
});

test("what a line shows is said, with its gaps and its end", () => {
  Object.assign(settings, { language: "en" });
  const points = new Float32Array(POINTS).fill(NaN);
  points.set([0.1, 0.5, NaN, 0.25]);
  expect(sentenceOf(points)).toBe("Processors within the last hour: 10% to 50%, 1 gap, nothing measured since");
  expect(sentenceOf(new Float32Array(POINTS).fill(NaN))).toBe("Nothing known of the last hour");
  expect(sentenceOf(new Float32Array(POINTS).fill(0.5))).toBe("Processors within the last hour: 50% to 50%");
  expect(lineOf(points, 60)).toMatch(/^M1\.0 16\.4L3\.0 10\.0M7\.0 14\.0h\.1$/);
});
