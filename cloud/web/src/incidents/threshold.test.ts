import { expect, test } from "vitest";
import { firing, thresholdOf } from "./threshold.ts";

test("one metric against one number can be drawn", () => {
  expect(thresholdOf('system_cpu_utilization_ratio{cpu_logical_number=""} > 0.95')).toEqual({ metric: "system_cpu_utilization_ratio", value: 0.95 });
  expect(thresholdOf("free_bytes <= -1e3")).toEqual({ metric: "free_bytes", value: -1000 });
});

test("whatever is reckoned is not drawn as if it were measured", () => {
  for (const expr of ["a / b > 3", "rate(a[5m]) > 1", "a > b", "a > 1 and b > 2", "a[5m] > 1", "avg(a) > 1", "a offset 1h > 2", ""]) expect(thresholdOf(expr)).toBeUndefined();
});

test("the series is the one that fires, and none when more than one could be", () => {
  expect(firing([{}, { cpu: "0" }], { rule: "x" })).toEqual({});
  expect(firing([{ mount: "/" }, { mount: "/var" }], { mount: "/var", rule: "x" })).toEqual({ mount: "/var" });
  expect(firing([{}, { cpu: "0" }], { cpu: "0" })).toBeUndefined();
});
