// How was the line of a relay over the last day? Each relay notes it itself, each minute, and it comes with the line.
export const QUARTERS = 96;
export const QUARTER_MS = 900_000;

/** As Prometheus' API answers a question of a stretch. */
export interface Matrix {
  data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
}

/** A quarter of an hour; nothing where the relay noted nothing of it that is here. */
export interface Quarter {
  /** The share of it in which the hub was heard. */
  up: number;
  /** Mean of the round trips, and the longest, in ms. */
  trip: { mean: number; most: number } | undefined;
  /** The share of packets that were lost in its worst minute, and in all of it. */
  lost: { mean: number; most: number } | undefined;
}

export interface Line {
  from: number;
  until: number;
  quarters: (Quarter | undefined)[];
}

export interface Peak {
  mean: number;
  most: number;
  /** The end of the quarter in which it was so. */
  at: number;
}

/** What is asked of a site's relays: over each quarter of an hour, all of them at once. */
export const lineQuery = (over: "avg" | "max", of: "link_up_ratio" | "link_round_trip_seconds" | "link_lost_ratio", client: string, site: string): string => `${over}_over_time(vigie_relay_${of}{client="${client}",site="${site}"}[15m])`;

/** One relay's day of what was asked of all. */
export function lineOf(relay: string, answers: Record<"up" | "trip" | "tripMost" | "lost" | "lostMost", Matrix>, until: number): Line {
  const from = until - QUARTERS * QUARTER_MS;
  const column = (matrix: Matrix) => {
    const values = matrix.data.result.filter(({ metric }) => metric["relay_id"] === relay).flatMap((one) => one.values);
    return new Map(values.map(([at, value]) => [Math.round((at * 1000 - from) / QUARTER_MS) - 1, Number(value)]));
  };
  const [up, trip, tripMost, lost, lostMost] = [answers.up, answers.trip, answers.tripMost, answers.lost, answers.lostMost].map(column) as Map<number, number>[];
  const both = (mean?: number, most?: number, times = 1) => (mean === undefined || most === undefined ? undefined : { mean: mean * times, most: most * times });
  const quarters = Array.from({ length: QUARTERS }, (_, at): Quarter | undefined => {
    const heard = up?.get(at);
    return heard === undefined ? undefined : { up: heard, trip: both(trip?.get(at), tripMost?.get(at), 1000), lost: both(lost?.get(at), lostMost?.get(at)) };
  });
  return { from, until, quarters };
}

const endOf = ({ from }: Line, at: number) => from + (at + 1) * QUARTER_MS;

/** The mean of all quarters, and the worst of them. */
export function peakOf(line: Line, of: "trip" | "lost"): Peak | undefined {
  const known = line.quarters.flatMap((quarter, at) => (quarter?.[of] ? [{ ...quarter[of], at: endOf(line, at) }] : []));
  if (!known.length) return undefined;
  const worst = known.reduce((a, b) => (b.most > a.most ? b : a));
  return { mean: known.reduce((sum, one) => sum + one.mean, 0) / known.length, most: worst.most, at: worst.at };
}

/** The share of the noted time in which the hub was heard; nothing where nothing is noted. */
export function heardOf(line: Line): number | undefined {
  const noted = line.quarters.filter((quarter) => quarter !== undefined);
  return noted.length ? noted.reduce((sum, { up }) => sum + up, 0) / noted.length : undefined;
}

/** Since when it is noted, within the day; and until when it is here. */
export function notedOf(line: Line): { from: number; until: number; holes: number } | undefined {
  const first = line.quarters.findIndex((quarter) => quarter !== undefined);
  const last = line.quarters.findLastIndex((quarter) => quarter !== undefined);
  if (first < 0) return undefined;
  const holes = line.quarters.slice(first, last).filter((quarter) => quarter === undefined).length;
  return { from: endOf(line, first) - QUARTER_MS, until: endOf(line, last), holes };
}

/** A round scale above the longest round trip: bars of one day and the next look alike. */
export function scaleOf(line: Line): number {
  const most = Math.max(0, ...line.quarters.map((quarter) => quarter?.trip?.most ?? 0));
  return [50, 100, 200, 500, 1000, 2000, 5000].find((scale) => most <= scale) ?? 10_000;
}
