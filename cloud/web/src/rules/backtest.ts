// How often would a rule have fired? Looked at through what was recorded, at one point every five minutes.
//
// Where nothing was recorded nothing is counted; what lasted less than the distance of the points may be missed.
export const STEP_S = 300;
export const DAYS = 30;

export interface Matrix {
  data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
}

export interface Fired {
  times: number;
  /** How many machines it was. */
  machines: number;
}

/** The unbroken runs of points, series by series, that lasted long enough. */
export function firedOf(matrix: Matrix, forMs: number, client: string, site: string): Fired {
  let times = 0;
  const machines = new Set<string>();
  for (const { metric, values } of matrix.data.result) {
    if ((client && metric["client"] !== client) || (site && metric["site"] !== site)) continue;
    const own = runs(values.map(([at]) => at)).filter((seconds) => seconds * 1000 >= forMs || forMs < STEP_S * 1000).length;
    times += own;
    if (own) machines.add(metric["machine_id"] ?? metric["machine"] ?? metric["site"] ?? "");
  }
  return { times, machines: machines.size };
}

/** How much of the time is recorded at all of what a rule compares: so many seconds have a point of somebody there. */
export function recordedS(matrix: Matrix, client: string, site: string): number {
  const own = matrix.data.result.filter(({ metric }) => (!client || metric["client"] === client) && (!site || metric["site"] === site));
  return new Set(own.flatMap(({ values }) => values.map(([at]) => at))).size * STEP_S;
}

/** What tells that: one point for each place that has any. */
export const recordedBy = (left: string): string => `count by (client, site) (${left})`;

/** How long each unbroken run lasted, in seconds from its first point to its last. */
function runs(points: readonly number[]): number[] {
  const all: number[] = [];
  let first: number | undefined;
  for (const [at, point] of points.entries()) {
    first ??= point;
    const next = points[at + 1];
    if (next !== undefined && next - point <= STEP_S * 1.5) continue;
    all.push(point - first);
    first = undefined;
  }
  return all;
}

/** Where the points are asked for; times at full steps, so that the same question has the same answer. */
export function pathOf(expr: string, now: number): string {
  const end = Math.floor(now / 1000 / STEP_S) * STEP_S;
  return `/prometheus/api/v1/query_range?query=${encodeURIComponent(expr)}&start=${end - DAYS * 86_400}&end=${end}&step=${STEP_S}`;
}

/** `10m`, `90s`, `1h30m` in ms; none if it is no span. */
export function spanMs(text: string): number | undefined {
  const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
  if (!/^(\d+[smhd])+$/.test(text.trim())) return undefined;
  return [...text.matchAll(/(\d+)([smhd])/g)].reduce((sum, [, n, unit]) => sum + Number(n) * units[unit as keyof typeof units], 0);
}

/** A span as the hub writes it. */
export function spanText(ms: number): string {
  const s = Math.round(ms / 1000);
  if (s % 3600 === 0 && s > 0) return `${s / 3600}h`;
  return s % 60 === 0 && s > 0 ? `${s / 60}m` : `${s}s`;
}
