// How was the last day of a machine, as far as it is known here? What was measured, why the rest is missing, what was raised.
import type { Hole, Incident, Machine } from "../api/types.ts";
import { gapsOf, type Gap } from "../chart/gaps.ts";
import { spellsOf } from "../incidents/spells.ts";

export const BARS = 96;
export const BAR_MS = 900_000;

/** As Prometheus' API answers a question of a stretch. */
export interface Matrix {
  data: { result: { values: [number, string][] }[] };
}

/** What is asked: how many measurements each quarter of an hour has. Each agent has one of these in every round. */
export const dayQuery = (machine: Pick<Machine, "id">): string => `max(count_over_time({__name__=~"system_memory_utilization_ratio|system_cpu_load_average_1m",machine_id="${machine.id}"}[15m]))`;

export interface Day {
  from: number;
  until: number;
  gaps: Gap[];
  /** The share of quarters of an hour of which anything is here. */
  measured: number;
}

export interface Raised {
  id: string;
  severity: Incident["severity"];
  from: number;
  until: number;
}

/** `until` is the end of the last quarter that was asked for: not before the newest that is here. */
export function dayOf(matrix: Matrix, machine: Machine, holes: readonly Hole[], until: number, blind: boolean): Day {
  const from = until - BARS * BAR_MS;
  const counts = new Map((matrix.data.result[0]?.values ?? []).map(([at, count]) => [Math.round((at * 1000 - from) / BAR_MS), Number(count)]));
  const times = Array.from({ length: BARS }, (_, at) => from + (at + 1) * BAR_MS);
  const known = times.map((_, at) => (counts.get(at + 1) ?? 0) > 0);
  const heardAt = machine.last_sample ? Date.parse(machine.last_sample.observed_at) : undefined;
  const own = { intervalMs: machine.interval_ms, reach: machine.reachability.state, heardAt, blind };
  const gaps = gapsOf({ ...own, from, until, times, known, stepMs: BAR_MS, holes });
  // A quarter of which something is here may have ended without it: whoever is not heard has no line up to now.
  const isTold = gaps.at(-1)?.until === until || (own.reach === "live" && !blind);
  if (!isTold && heardAt !== undefined && heardAt < until) gaps.push(...gapsOf({ ...own, from: heardAt, until, times: [until], known: [false], stepMs: 0, holes: [] }));
  return { from, until, gaps, measured: known.filter(Boolean).length / BARS };
}

/** Each time that something about it was so within the day. */
export function raisedIn(incidents: readonly Incident[], { from, until }: Pick<Day, "from" | "until">): Raised[] {
  const spells = incidents.flatMap((one) => spellsOf(one).map((spell) => ({ one, from: Math.max(from, spell.from), until: Math.min(until, spell.to ?? until) })));
  return spells.filter((spell) => spell.until > spell.from).map(({ one, ...spell }) => ({ id: one.id, severity: one.severity, ...spell }));
}

/** Where a stretch stands in the day, in hundredths. */
export const placed = ({ from, until }: Pick<Day, "from" | "until">, day: Pick<Day, "from" | "until">): { left: number; width: number } => {
  const share = (at: number) => ((at - day.from) / (day.until - day.from)) * 100;
  return { left: share(from), width: Math.max(0.3, share(until) - share(from)) };
};
