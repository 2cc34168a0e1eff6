// A rule of one's own, as somebody writes it: the question that it asks, what the hub is sent, and what it would tell.
import { spanMs } from "./backtest.ts";
import { settings } from "../settings.svelte.ts";
import { quantity } from "./shape.ts";
import type { Severity } from "../api/types.ts";

export const READINGS = ["last", "avg", "max", "min", "rate", "forecast"] as const;
export type ReadingKind = (typeof READINGS)[number];

export interface Made {
  name: string;
  client: string;
  site: string;
  machine: string;
  metric: string;
  /** Labels that the series must have, as `device=sda, mode=idle`. */
  only: string;
  reading: ReadingKind;
  over: string;
  ahead: string;
  sign: ">" | "<";
  threshold: string;
  clear: string;
  hold: string;
  severity: Severity;
  summary: string;
}

export const EMPTY: Made = {
  name: "", client: "", site: "", machine: "", metric: "", only: "", reading: "last", over: "5m", ahead: "4d", sign: ">", threshold: "", clear: "", hold: "5m", severity: "warning", summary: "",
};

/** Labels out of what was typed; none where it is no list of them. */
export function labelsOf(text: string): Record<string, string> | undefined {
  const parts = text.split(",").map((part) => part.trim()).filter(Boolean);
  const pairs = parts.map((part) => /^([A-Za-z_]\w*)\s*=\s*"?([^"]*)"?$/.exec(part));
  if (pairs.includes(null)) return undefined;
  return Object.fromEntries(pairs.map((found) => [found?.[1] ?? "", found?.[2] ?? ""]));
}

/** What it reads, as PromQL; nothing while that is not said. */
export function readOf(made: Made): string | undefined {
  const only = labelsOf(made.only);
  if (!/^[A-Za-z_:][\w:]*$/.test(made.metric) || !only) return undefined;
  const where = { ...(made.client ? { client: made.client } : {}), ...(made.site ? { site: made.site } : {}), ...(made.machine ? { machine: made.machine } : {}), ...only };
  const matchers = Object.entries(where).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const series = made.metric + (matchers.length ? `{${matchers.join(",")}}` : "");
  if (made.reading === "last") return series;
  if (!spanMs(made.over)) return undefined;
  if (made.reading === "rate") return `rate(${series}[${made.over.trim()}])`;
  const ahead = spanMs(made.ahead);
  if (made.reading === "forecast") return ahead ? `predict_linear(${series}[${made.over.trim()}], ${ahead / 1000})` : undefined;
  return `${made.reading}_over_time(${series}[${made.over.trim()}])`;
}

/** The question whose answers are alerts. */
export function exprOf(made: Made): string | undefined {
  const [read, threshold] = [readOf(made), quantity(made.threshold)];
  return read === undefined || threshold === undefined ? undefined : `${read} ${made.sign} ${threshold}`;
}

/** What the hub is sent. */
export function wishOf(made: Made): Record<string, unknown> {
  const over = made.over.trim();
  const reading = made.reading === "last" ? "last" : made.reading === "forecast" ? `forecast ${over} ${made.ahead.trim()}` : `${made.reading} ${over}`;
  const only = labelsOf(made.only) ?? {};
  const wish: Record<string, unknown> = { name: made.name.trim(), metric: made.metric.trim(), reading, for: made.hold.trim() || "0s", severity: made.severity, [made.sign === ">" ? "above" : "below"]: quantity(made.threshold) };
  for (const name of ["client", "site", "machine", "summary"] as const) if (made[name].trim()) wish[name] = made[name].trim();
  if (made.clear.trim()) wish["clear"] = quantity(made.clear);
  if (Object.keys(only).length) wish["only"] = only;
  return wish;
}

/** What would be told of a series: places in braces stand for its labels and its number. */
export function toldOf(made: Made, labels: Readonly<Record<string, string>>, value: string): string {
  const summary = made.summary.trim() || usual(made, labels["machine"]);
  return summary.replace(/\{\{\s*\$value\s*(?:\|[^}]*)?\}\}/g, value).replace(/\{\{\s*\$labels\.(\w+)\s*\}\}/g, (_, name: string) => labels[name] ?? "");
}

/** What the hub tells where nobody said how: what others push is of no machine. */
function usual({ name, metric }: Made, machine: string | undefined): string {
  const of = (word: string) => (machine ? ` ${word} ${machine}` : "");
  return settings.language === "fr" ? `${name.trim()}${of("de")}\u00a0: ${metric} vaut {{ $value }}` : `${name.trim()}${of("of")}: ${metric} is {{ $value }}`;
}
