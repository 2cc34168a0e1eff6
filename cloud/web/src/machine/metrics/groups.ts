// In which order are the metrics of a machine looked at? What people ask first comes first and is open.
import { own, type Labels } from "../../chart/query.ts";

export type GroupName = "cpu" | "memory" | "disk" | "network" | "sensors" | "system" | "agent" | "other";

export interface Metric {
  name: string;
  /** Its series, by the labels that tell them apart. */
  series: Labels[];
  /** All labels that any of its series bears, where not all are in `series`: those that one of them must not have. */
  labels?: readonly string[];
}

export interface Group {
  name: GroupName;
  metrics: Metric[];
}

/** What is open when nobody has chosen. */
export const OPEN: readonly GroupName[] = ["cpu", "memory", "disk", "network"];

const BEGINNINGS: readonly (readonly [GroupName, RegExp])[] = [
  ["cpu", /^system_(linux_)?cpu_/], ["memory", /^system_(memory|paging)_/], ["disk", /^(system_(linux_)?(disk|filesystem)|hw_(physical_)?disk)_/], ["network", /^(system|hw)_network_/],
  ["sensors", /^hw_/], ["system", /^system_/], ["agent", /^vigie_agent_/], ["other", /^/],
];

/** What answers the question of a group by itself. */
const FIRST = ["system_cpu_utilization_ratio", "system_memory_utilization_ratio", "system_filesystem_utilization_ratio", "system_disk_io_bytes_total", "system_network_io_bytes_total"];

export function groupsOf(series: readonly Labels[]): Group[] {
  const metrics = new Map<string, Metric>();
  for (const labels of series) {
    const name = labels["__name__"];
    if (!name) continue;
    const metric = metrics.get(name) ?? { name, series: [] };
    metrics.set(name, metric);
    metric.series.push(own(labels));
  }
  const rank = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  const all = [...metrics.values()].sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
  for (const metric of all) metric.series.sort(wholeFirst);
  return BEGINNINGS.map(([name]) => ({ name, metrics: all.filter((metric) => groupOf(metric.name) === name) })).filter((group) => group.metrics.length > 0);
}

const groupOf = (metric: string): GroupName => BEGINNINGS.find(([, begins]) => begins.test(metric))?.[0] ?? "other";

/** What is summed over parts bears fewer labels than the parts. */
function wholeFirst(a: Labels, b: Labels): number {
  return Object.keys(a).length - Object.keys(b).length || JSON.stringify(a).localeCompare(JSON.stringify(b), "en", { numeric: true });
}

/** The labels by which the series of a metric differ. */
export function telling(series: readonly Labels[]): string[] {
  const names = [...new Set(series.flatMap(Object.keys))].sort();
  return names.filter((name) => new Set(series.map((labels) => labels[name] ?? "")).size > 1);
}

/** The name of a series: what it has and others have not. */
export function nameOf(labels: Labels, names: readonly string[], all: string): string {
  const parts = names.filter((name) => labels[name]).map((name) => (name === "cpu_logical_number" ? `CPU ${labels[name]}` : (labels[name] ?? "")));
  return parts.join(" ") || (names.length ? all : Object.values(labels).slice(0, 2).join(" ") || all);
}
