// In which order do machines stand, and in which groups?
import type { Shown } from "../api/types.ts";
import type { Columns } from "./columns.ts";

export const SORTS = ["attention", "name", "site", "cpu", "memory", "heard", "waiting", "lost"] as const;
export type Sort = (typeof SORTS)[number];

export const GROUPS = ["none", "site", "client", "status"] as const;
export type Group = (typeof GROUPS)[number];

/** What needs nobody first, what needs a person last: as the hub orders them. */
const NEED: readonly Shown[] = ["retired", "asleep", "ok", "heard", "unknown", "late", "stale", "silent", "warning", "critical"];
export const need = (shown: Shown | undefined): number => NEED.indexOf(shown ?? "unknown");

/** A line of the table: a machine by its place in the columns, or the head of a group. */
export type Line = number | { title: string; of: number; worst: Shown };

/** Sorts in place. `down` turns it round; what is not known always comes last. */
export function sort(rows: number[], columns: Columns, by: Sort, down: boolean): void {
  const turn = down ? -1 : 1;
  const number = (of: (at: number) => number | undefined) => (a: number, b: number) => {
    const [x, y] = [of(a), of(b)];
    if (x === y) return a - b;
    if (x === undefined) return 1;
    if (y === undefined) return -1;
    return (x - y) * turn || a - b;
  };
  const orders: Record<Sort, (a: number, b: number) => number> = {
    attention: (a, b) => (need(columns.shown[b]) - need(columns.shown[a])) * turn || a - b,
    name: (a, b) => (columns.name(a) < columns.name(b) ? -turn : columns.name(a) > columns.name(b) ? turn : a - b),
    // The hub sends them by client, site and name.
    site: (a, b) => (a - b) * turn,
    cpu: number(columns.cpu),
    memory: number(columns.memory),
    heard: number((at) => { const heard = columns.heardAt(at); return heard === undefined ? undefined : -heard; }),
    waiting: number((at) => columns.sent.waiting[at]),
    lost: number((at) => columns.sent.lost[at]),
  };
  rows.sort(orders[by]);
}

/** The rows with a head before each group; within a group the order stands. */
export function grouped(rows: readonly number[], columns: Columns, by: Group, name: (key: string) => string): Line[] {
  if (by === "none") return [...rows];
  const key = (at: number): string =>
    by === "site" ? `${columns.client(at)} / ${columns.site(at)}` : by === "client" ? columns.client(at) : (columns.shown[at] ?? "unknown");
  const groups = new Map<string, number[]>();
  for (const at of rows) {
    const own = groups.get(key(at));
    if (own) own.push(at);
    else groups.set(key(at), [at]);
  }
  const order = [...groups.entries()];
  if (by === "status") order.sort((a, b) => need(b[0] as Shown) - need(a[0] as Shown));
  else order.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return order.flatMap(([own, machines]): Line[] => {
    const worst = machines.reduce<Shown>((most, at) => (need(columns.shown[at]) > need(most) ? (columns.shown[at] ?? most) : most), "retired");
    return [{ title: name(own), of: machines.length, worst }, ...machines];
  });
}
