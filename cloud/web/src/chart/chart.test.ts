import { expect, test } from "vitest";
import { settings } from "../settings.svelte.ts";
import { csvOf } from "./csv.ts";
import { bucketAt, extremes, frameOf, knownOf, type Matrix } from "./frame.ts";
import { hasBand, queryOf, selector } from "./query.ts";
import { stepOf, stretchOf, zoomed } from "./range.ts";
import { gapWords, summaryOf } from "./say.ts";
import { timeLabels } from "./ticks.ts";
import { scaleOf, spanOf, unitOf } from "./units.ts";

const HOUR = 3_600_000;

test("an answer is put on its grid with its band, and what is missing stays missing", () => {
  const frame = frame3();
  expect(frame.series).toHaveLength(1);
  expect(frame.series[0]).toMatchObject({ mean: [0.2, null, 0.4], low: [0.1, null, null], high: [0.9, null, null] });
  expect(knownOf(frame)).toEqual([true, false, true]);
  expect(extremes(frame.series)).toEqual([0.1, 0.9]);
  expect([bucketAt(frame, 0), bucketAt(frame, 10_001), bucketAt(frame, 1e9)]).toEqual([0, 1, 2]);
});

test("no step is wider than two pixels nor shorter than the machine measures", () => {
  for (const span of [HOUR, 6 * HOUR, 24 * HOUR, 168 * HOUR, 720 * HOUR]) {
    for (const width of [300, 500, 900, 1800]) {
      const step = stepOf(span, width, 5000);
      expect(step).toBeGreaterThanOrEqual(5000);
      if (step > 5000) expect(step * width / span).toBeLessThanOrEqual(2);
      expect(step * width).toBeGreaterThanOrEqual(span);
    }
  }
});

test("the address says what is looked at, and nonsense in it is the last hour", () => {
  const now = 1_000_000_000;
  expect(stretchOf(new URLSearchParams("range=6h"), now)).toEqual({ from: now - 6 * HOUR, until: now, live: true, range: "6h" });
  expect(stretchOf(new URLSearchParams("from=1000&to=2000"), now)).toMatchObject({ from: 1_000_000, until: 2_000_000, live: false });
  for (const bad of ["range=toString", "from=2000&to=1000", "from=x&to=3", "from=1000&to=1001"]) expect(stretchOf(new URLSearchParams(bad), now)).toMatchObject({ from: now - HOUR, live: true });
  expect(zoomed({ from: 0, until: HOUR }, HOUR / 2, 0.5, now)).toEqual([HOUR / 4, (HOUR * 3) / 4]);
  expect(zoomed({ from: now - HOUR, until: now }, now - HOUR, 4, now)).toEqual([now - 4 * HOUR, now]);
});

test("a question names one series exactly and asks for all that a bucket held", () => {
  const one = selector("system_cpu_utilization_ratio", "ab", {}, ["cpu_logical_number"]);
  expect(one).toBe('{__name__="system_cpu_utilization_ratio",machine_id="ab",cpu_logical_number=""}');
  const gauge = { selectors: ["{a}"], unit: unitOf("x_ratio"), intervalMs: 5000 };
  expect(queryOf({ ...gauge, stepMs: 60_000 })).toContain('max_over_time({a}[60s]), "vigie_part", "max"');
  expect(queryOf({ ...gauge, stepMs: 5000 })).not.toContain("max");
  expect(queryOf({ ...gauge, stepMs: 60_000, offset: "1w" })).toContain("[60s] offset 1w");
  const counter = { selectors: ["{a}"], unit: unitOf("x_total"), intervalMs: 5000 };
  expect(queryOf({ ...counter, stepMs: 5000 })).toContain("rate({a}[15s])");
  expect(queryOf({ ...counter, stepMs: 600_000 })).toContain("min_over_time(rate({a}[75s])[600s:75s])");
  expect([hasBand(counter.unit, 20_000, 5000), hasBand(counter.unit, 30_000, 5000)]).toEqual([false, true]);
});

test("the name of a metric says its unit, and the axis bears it once", () => {
  const symbol = (metric: string, most: number, language: "en" | "fr" = "en") => scaleOf(unitOf(metric), most, language).symbol;
  expect(symbol("system_cpu_utilization_ratio", 0.5)).toBe("%");
  expect(symbol("system_network_io_bytes_total", 1e6)).toBe("Mbit/s");
  expect([symbol("system_disk_io_bytes_total", 2e6), symbol("system_disk_io_bytes_total", 2e6, "fr")]).toEqual(["MB/s", "Mo/s"]);
  expect([symbol("system_memory_usage_bytes", 3e9), symbol("system_filesystem_usage_bytes", 3e9, "fr")]).toEqual(["GiB", "Go"]);
  expect([symbol("hw_temperature_celsius", 40), symbol("system_process_count", 12), symbol("system_uptime_seconds", 9e5)]).toEqual(["°C", "", "d"]);
});

test("per cent is always the whole; others begin at nothing unless somebody looks closer", () => {
  expect(spanOf(unitOf("x_ratio"), 3, 9, true)).toEqual([0, 100]);
  expect(spanOf(unitOf("x"), 40, 50, false)).toEqual([0, 54]);
  expect(spanOf(unitOf("x"), 40, 50, true)[0]).toBeGreaterThan(39);
  expect(spanOf(unitOf("x"), Infinity, -Infinity, false)).toEqual([0, 1]);
});

test("a day is named where it begins and not again", () => {
  const noon = Date.UTC(2026, 10, 22, 22) / 1000;
  expect(timeLabels([noon, noon + 3600, noon + 7200, noon + 10_800], 3600, "en", "UTC")).toEqual(["22:00\n22 Nov", "23:00", "00:00\n23 Nov", "01:00"]);
});

test("the sentence says least, mean, most and what is missing, in both languages", () => {
  const frame = frame3();
  const lost = { kind: "lost", reason: "evicted", from: 10_000, until: 20_000, amount: { ticks: 1204, samples: null, estimated: false } } as const;
  const picture = { title: "CPU", from: 0, until: 30_000, now: 30_000, times: frame.times, series: frame.series.map((one) => ({ ...one, name: "all" })), gaps: [lost], scale: scaleOf(unitOf("x_ratio"), 1, "en") };
  Object.assign(settings, { language: "en" });
  expect(summaryOf(picture)).toMatch(/^CPU, .*all: minimum 10\u202f%, mean 30\u202f%, maximum 90\u202f% at .*1 gap: lost: 1,204 measurements \(no room was left\)\.$/);
  Object.assign(settings, { language: "fr" });
  expect(summaryOf(picture)).toMatch(/minimum 10\u202f%, moyenne 30\u202f%, maximum 90\u202f%.*1 trou/);
  expect(gapWords({ ...lost, kind: "waiting", reason: "site", amount: { ticks: 12, samples: null, estimated: true } })).toBe("en attente du site : environ 12 relevés (estimation)");
});

test("the file has every bucket, the gaps with their reasons, and no formula", () => {
  const frame = frame3();
  const csv = csvOf(frame, [{ kind: "absent", reason: "off", from: 10_000, until: 20_000, amount: undefined }], () => "=all");
  expect(csv.split("\r\n")).toEqual(["time,'=all mean,'=all min,'=all max,gap", "1970-01-01T00:00:10.000Z,0.2,0.1,0.9,", "1970-01-01T00:00:20.000Z,,,,absent off", "1970-01-01T00:00:30.000Z,0.4,,,", ""]);
});

function frame3() {
  const row = (part: string, values: [number, string][]) => ({ metric: { machine_id: "ab", client: "demo", vigie_part: part }, values });
  const matrix: Matrix = { status: "success", data: { result: [row("avg", [[10, "0.2"], [30, "0.4"]]), row("min", [[10, "0.1"]]), row("max", [[10, "0.9"], [20, "NaN"]])] } };
  return frameOf(matrix, 10_000, 30_000, 10_000);
}
