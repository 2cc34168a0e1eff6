import { expect, test } from "vitest";
import { groupsOf, nameOf, telling } from "./groups.ts";

test("what people ask first comes first, and the whole before its parts", () => {
  const of = (name: string, labels = {}) => ({ __name__: name, machine_id: "ab", client: "demo", ...labels });
  const groups = groupsOf([
    of("vigie_agent_ticks_waiting"), of("system_uptime_seconds"), of("system_cpu_load_average_1m"), of("system_cpu_utilization_ratio", { cpu_logical_number: "10" }), of("system_cpu_utilization_ratio", { cpu_logical_number: "2" }),
    of("system_cpu_utilization_ratio"), of("hw_network_up"), of("hw_temperature_celsius"), of("pushed_by_somebody"), of("system_linux_filesystem_read_only"),
  ]);
  expect(groups.map((group) => group.name)).toEqual(["cpu", "disk", "network", "sensors", "system", "agent", "other"]);
  expect(groups[0]?.metrics.map((metric) => metric.name)).toEqual(["system_cpu_utilization_ratio", "system_cpu_load_average_1m"]);
  expect(groups[0]?.metrics[0]?.series).toEqual([{}, { cpu_logical_number: "2" }, { cpu_logical_number: "10" }]);
});

test("a series is named by what others have not", () => {
  const series = [{ device: "vda", way: "read" }, { device: "vda", way: "write" }];
  expect(telling(series)).toEqual(["way"]);
  expect(nameOf(series[1] ?? {}, ["way"], "all")).toBe("write");
  expect(nameOf({}, ["cpu_logical_number"], "all")).toBe("all");
  expect(nameOf({ device: "vda" }, [], "all")).toBe("vda");
});
