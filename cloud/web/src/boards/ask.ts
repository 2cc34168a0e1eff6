// What does a widget ask the hub, and of how many machines did it get an answer?
import { unitOf } from "../chart/units.ts";
import type { Fold, Widget } from "./shape.ts";

/** Whom the reader looks at: chosen above the board. A widget's own word counts before it. */
export interface Chosen {
  client?: string | undefined;
  site?: string | undefined;
  machine?: string | undefined;
}

export function placeOf(widget: Pick<Widget, "client" | "site" | "machine">, chosen: Chosen): Chosen {
  const own = widget.client ? { client: widget.client, site: widget.site } : { client: chosen.client, site: chosen.site };
  return { ...own, machine: widget.machine || chosen.machine };
}

/** The series of a metric at a place; a counter is read as how fast it grows. */
export function readOf(metric: string, { client, site, machine }: Chosen): string {
  const where = { __name__: metric, client, site, machine_id: machine };
  const matchers = Object.entries(where).filter(([, value]) => value).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const series = `{${matchers.join(",")}}`;
  return unitOf(metric).counter ? `rate(${series}[5m])` : series;
}

const BY_MACHINE = "by (machine_id, machine, client, site)";

/** One number for each machine: of several series of one, as each disk has its own, the most. */
export const eachOf = (widget: Widget, chosen: Chosen): string => widget.query || `max ${BY_MACHINE} (${readOf(widget.metric ?? "", placeOf(widget, chosen))})`;

export const foldOf = (widget: Pick<Widget, "fold">): Fold => widget.fold ?? "avg";

/** The one number of a widget: over machines it is folded, a question is asked as it stands. */
export const oneOf = (widget: Widget, chosen: Chosen): string => widget.query || `${foldOf(widget)}(${eachOf(widget, chosen)})`;

export const topOf = (widget: Widget, chosen: Chosen): string => `topk(${widget.most ?? 5}, ${eachOf(widget, chosen)})`;

/** How many machines the number is made of. */
export const countOf = (widget: Widget, chosen: Chosen): string | undefined => (widget.query ? undefined : `count(${eachOf(widget, chosen)})`);

export interface Answer {
  data: { resultType: string; result: { metric: Record<string, string>; value: [number, string] }[] | [number, string] };
  warnings?: string[];
  infos?: string[];
}

export interface Reading {
  labels: Record<string, string>;
  value: number;
}

/** The numbers of an answer, most first; what is no number is left out. */
export function readingsOf({ data }: Answer): Reading[] {
  const rows = data.resultType === "scalar" ? [{ metric: {}, value: data.result as [number, string] }] : (data.result as { metric: Record<string, string>; value: [number, string] }[]);
  return rows.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) })).filter((one) => Number.isFinite(one.value)).sort((a, b) => b.value - a.value);
}

/** What a row is called: its machine, or whatever tells it apart. */
export const nameOf = (labels: Readonly<Record<string, string>>): string => labels["machine"] ?? Object.entries(labels).filter(([name]) => name !== "__name__").map(([name, value]) => `${name}=${value}`).join(" ");

export const queryPath = (query: string): string => `/prometheus/api/v1/query?${new URLSearchParams({ query })}`;
