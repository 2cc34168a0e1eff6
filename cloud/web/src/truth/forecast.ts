// Which disks will be full, when, and how sure is that? By two slopes: of a day, and of the last six hours. Where they differ the
// moment is told as a stretch, and as what it is: not sure.

const DAY_S = 86_400;
export const AHEAD_DAYS = 14;
const METRIC = "system_filesystem_utilization_ratio";
const PART = "vigie_part";

/** As Prometheus' API answers a question of one moment. */
export interface Vector {
  data: { result: { metric: Readonly<Record<string, string>>; value: [number, string] }[] };
}

export interface Forecast {
  machine: string;
  id: string;
  client: string;
  site: string;
  mount: string;
  /** How full it is now, as a share. */
  now: number;
  /** The sooner and the later moment at which it is full, in ms; no later one where it stopped growing within the last hours. */
  sooner: number;
  later: number | undefined;
  /** Both slopes say nearly the same, and there is a whole day of it. */
  steady: boolean;
  /** There is a whole day of it; otherwise of six hours and more. */
  wholeDay: boolean;
}

/** What came of it, and of how many disks: of those that are not known for six hours nothing is foreseen. */
export interface Foreseen {
  forecasts: Forecast[];
  /** Disks that are known for six hours, and all there are. */
  known: number;
  all: number;
}

/** What is asked, of a client, a site, a machine or all: those alone that the slope of a day fills in time, and that are known for six hours. */
export function forecastQuery(place: Readonly<{ client?: string; site?: string; machine_id?: string }>): string {
  const labels = Object.entries(place).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",");
  const own = labels ? `${METRIC}{${labels}}` : METRIC;
  const fills = `(predict_linear(${own}[1d], ${AHEAD_DAYS * DAY_S}) > 1 and deriv(${own}[1d]) > 0 and ${own} offset 6h unless system_linux_filesystem_read_only == 1)`;
  const count = (kind: string, what: string) => `label_replace(count(${what}), "${PART}", "${kind}", "", "")`;
  const part = (kind: string, what: string) => `label_replace(${what} and ${fills}, "${PART}", "${kind}", "", "")`;
  return [part("now", own), part("day", `deriv(${own}[1d])`), part("hours", `deriv(${own}[6h])`), part("whole", `${own} offset 23h`), count("known", `${own} offset 6h`), count("all", own)].join(" or ");
}

/** The forecasts, the soonest first. */
export function foreseenOf(vector: Vector): Foreseen {
  const count = (kind: string) => Number(vector.data.result.find(({ metric }) => metric[PART] === kind)?.value[1] ?? 0);
  return { forecasts: forecastsOf(vector), known: count("known"), all: count("all") };
}

function forecastsOf({ data }: Vector): Forecast[] {
  const disks = new Map<string, { metric: Readonly<Record<string, string>>; at: number; parts: Record<string, number> }>();
  for (const { metric, value } of data.result) {
    const { [PART]: part = "", __name__: _, ...labels } = metric;
    const key = JSON.stringify(Object.entries(labels).sort());
    const own = disks.get(key) ?? { metric: labels, at: value[0] * 1000, parts: {} };
    disks.set(key, own);
    own.parts[part] = Number(value[1]);
  }
  const all = [...disks.values()].map(({ metric, at, parts }) => forecastOf(metric, at, parts));
  return all.filter((one) => one !== undefined).sort((a, b) => a.sooner - b.sooner);
}

function forecastOf(metric: Readonly<Record<string, string>>, at: number, parts: Readonly<Record<string, number>>): Forecast | undefined {
  const { now, day, hours, whole } = parts;
  if (now === undefined || day === undefined || !(day > 0)) return undefined;
  const full = (slope: number) => at + (Math.max(0, 1 - now) / slope) * 1000;
  const byDay = full(day);
  const byHours = hours !== undefined && hours > 0 ? full(hours) : undefined;
  const sooner = Math.min(byDay, byHours ?? byDay);
  const later = byHours === undefined ? undefined : Math.max(byDay, byHours);
  const steady = whole !== undefined && later !== undefined && later - at <= 2 * (sooner - at);
  return {
    machine: metric["machine"] ?? "", id: metric["machine_id"] ?? "", client: metric["client"] ?? "", site: metric["site"] ?? "", mount: metric["system_filesystem_mountpoint"] ?? "",
    now, sooner, later, steady, wholeDay: whole !== undefined,
  };
}
