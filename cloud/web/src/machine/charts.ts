// Which charts has a machine, and what is asked for each? A window without a sample gives no value, so that no line goes across.
import { bytes } from "../say/bytes.ts";
import { number, share } from "../say/number.ts";
import { words } from "../say/words.ts";

const say = words(
  { cpu: "Processors", memory: "Memory", disk: "Disks, how full", load: "Load, 1 minute", net: "Network", io: "Disks, bytes a second", receive: "in", transmit: "out", read: "read", write: "written", per: "{n}/s" },
  { cpu: "Processeurs", memory: "Mémoire", disk: "Disques, remplissage", load: "Charge, 1 minute", net: "Réseau", io: "Disques, octets par seconde", receive: "entrant", transmit: "sortant", read: "lus", write: "écrits", per: "{n}/s" },
);

export interface Plan {
  name: string;
  title: () => string;
  /** What is measured, as a selector without its braces' content. */
  metric: string;
  /** More labels of the selector. */
  only?: string;
  /** A counter: its rate is shown, summed by these. */
  rate?: { by: string };
  /** Measured once in so many of the machine's intervals. */
  slow: number;
  label: (metric: Readonly<Record<string, string>>) => string;
  format: (value: number) => string;
  most?: number;
  band?: boolean;
}

const perSecond = (value: number): string => say("per", { n: bytes(value, 1000) });
const word = (text: string | undefined): string =>
  text === "receive" || text === "transmit" || text === "read" || text === "write" ? say(text) : (text ?? "");

export const PLANS: readonly Plan[] = [
  { name: "cpu", title: () => say("cpu"), metric: "system_cpu_utilization_ratio", only: 'cpu_logical_number=""', slow: 1, label: () => "", format: share, most: 1, band: true },
  { name: "memory", title: () => say("memory"), metric: "system_memory_utilization_ratio", slow: 1, label: () => "", format: share, most: 1, band: true },
  { name: "disk", title: () => say("disk"), metric: "system_filesystem_utilization_ratio", slow: 6, label: (own) => own["system_filesystem_mountpoint"] ?? "", format: share, most: 1 },
  { name: "load", title: () => say("load"), metric: "system_cpu_load_average_1m", slow: 1, label: () => "", format: number },
  { name: "net", title: () => say("net"), metric: "system_network_io_bytes_total", rate: { by: "network_io_direction" }, slow: 1, label: (own) => word(own["network_io_direction"]), format: perSecond },
  { name: "io", title: () => say("io"), metric: "system_disk_io_bytes_total", rate: { by: "disk_io_direction" }, slow: 1, label: (own) => word(own["disk_io_direction"]), format: perSecond },
];

/** Points of a chart at most. */
const POINTS = 600;

/** Milliseconds from point to point: two measurements at least, so that none falls between two windows. */
export function stepOf(plan: Plan, intervalMs: number, lengthMs: number): number {
  const least = 2 * plan.slow * intervalMs;
  return Math.max(least, Math.ceil(lengthMs / POINTS / 1000) * 1000);
}

/** The question for one chart. */
export function queryOf(plan: Plan, machine: string, stepMs: number, intervalMs: number, of: "avg" | "min" | "max"): string {
  const selector = `${plan.metric}{${[`machine_id="${machine}"`, plan.only].filter(Boolean).join(",")}}`;
  const window = Math.ceil(Math.max(stepMs, (plan.rate ? 3 : 1) * plan.slow * intervalMs) / 1000);
  return plan.rate ? `sum(rate(${selector}[${window}s])) by (${plan.rate.by})` : `${of}_over_time(${selector}[${window}s])`;
}
