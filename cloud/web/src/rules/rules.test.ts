import { expect, test } from "vitest";
import { firedOf, recordedS, spanMs, spanText, STEP_S, type Matrix } from "./backtest.ts";
import { fileOf } from "./file.ts";
import { comparedOf, holdsAt, quantity, type Row, type RuleGroup } from "./shape.ts";

test("the number that a rule compares with is found only where it is the whole of it", () => {
  expect(comparedOf('system_cpu_utilization_ratio{a="x > 3"} > 0.95')).toEqual({ left: 'system_cpu_utilization_ratio{a="x > 3"}', sign: ">", threshold: 0.95 });
  expect(comparedOf("a > 0.9 unless b == 1")).toBeUndefined();
  expect(comparedOf("a > 1 > 2")).toBeUndefined();
  expect(comparedOf("vigie_site_up == 0")).toBeUndefined();
});

test("90 % is the same as 0.9, and a word is no number", () => {
  expect([quantity("90%"), quantity("0,9"), quantity("12"), quantity("many"), quantity("")]).toEqual([0.9, 0.9, 12, undefined, undefined]);
});

const series = (machine: string, at: number[], site = "lyon") => ({ metric: { machine_id: machine, client: "acme", site }, values: at.map((n): [number, string] => [n * STEP_S, "1"]) });
const matrix: Matrix = { data: { result: [series("a", [1, 2, 3, 4, 9]), series("b", [5, 6, 7]), series("c", [1, 2, 3], "brest")] } };

test("a run counts once, and only where it lasted as long as the rule asks", () => {
  expect(firedOf(matrix, 0, "", "")).toEqual({ times: 4, machines: 3 });
  expect(firedOf(matrix, 2 * STEP_S * 1000, "acme", "lyon")).toEqual({ times: 2, machines: 2 });
  expect(firedOf(matrix, 3 * STEP_S * 1000, "acme", "")).toEqual({ times: 1, machines: 1 });
});

test("what is recorded is counted once, whoever has it, and only of the place that is asked about", () => {
  expect(recordedS(matrix, "", "")).toBe(8 * STEP_S);
  expect(recordedS(matrix, "acme", "brest")).toBe(3 * STEP_S);
  expect(recordedS(matrix, "bron", "")).toBe(0);
});

test("a span is read as the hub writes it", () => {
  expect([spanMs("10m"), spanMs("1h30m"), spanMs("soon"), spanMs("")]).toEqual([600_000, 5_400_000, undefined, undefined]);
  expect([spanText(600_000), spanText(7_200_000), spanText(90_000), spanText(0)]).toEqual(["10m", "2h", "90s", "0s"]);
});

const group = (client: string | null, site: string | null, name = "g"): RuleGroup => ({
  name, file: "f", interval_ms: 10_000, origin: { source: "hub", scope: [client, site].filter(Boolean).join("/") || "everywhere", client, site, by: null, at: null, made_at: null },
  rules: [{ name: "Hot", alerting: true, expr: 'a{x="1"} > 2', for_ms: 60_000, keep_firing_for_ms: 0, labels: { severity: "warning" }, annotations: { summary: 'say "x": {{ $value }}\n- y' }, alerts: [], last_error: null, last_evaluation: null }],
});
const row = (own: RuleGroup): Row => ({ group: own, rule: own.rules[0] as Row["rule"] });

test("what is said at the narrowest place holds there", () => {
  const rows = [row(group(null, null, "all")), row(group("acme", null, "client")), row(group("acme", "lyon", "site"))];
  expect(["lyon", "brest"].map((site) => holdsAt(rows, "acme", site)?.group.name)).toEqual(["site", "client"]);
  expect(holdsAt(rows, "other", "x")?.group.name).toBe("all");
});

test("whatever a rule holds stays one text in the file", () => {
  expect(fileOf([group(null, null)])).toBe(
    'groups:\n  - name: "f/g"\n    interval: 10s\n    rules:\n      - alert: "Hot"\n        expr: "a{x=\\"1\\"} > 2"\n        for: 1m\n        labels:\n          "severity": "warning"\n        annotations:\n          "summary": "say \\"x\\": {{ $value }}\\n- y"\n',
  );
});
