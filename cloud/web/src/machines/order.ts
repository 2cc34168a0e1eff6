// In which order do machines stand, and in which groups?
import type { Shown } from "../api/types.ts";
import { SHOWN, type Columns } from "./columns.ts";

export const SORTS = ["attention", "name", "site", "cpu", "memory", "disk", "heard", "waiting", "lost"] as const;
export type Sort = (typeof SORTS)[number];

export const GROUPS = ["none", "site", "client", "tag", "os", "status"] as const;
export type Group = (typeof GROUPS)[number];

/** The group of those that nobody tagged, or that have not said what they run: nothing is called so. */
export const NAMELESS = "-";
/** A machine stands once, with those that bear the same tags. */
const tagsOf = (columns: Columns, at: number): string => columns.mark(at).tags.join(" ") || NAMELESS;
const systemOf = (columns: Columns, at: number): string => columns.system(at) || NAMELESS;

/** The head of a group: how many are in it, how they are, and whether they are listed. */
export interface Head {
  key: string;
  title: string;
  of: number;
  worst: Shown;
  /** How many are in each state, what needs a person first. */
  counts: readonly (readonly [Shown, number])[];
  closed: boolean;
}

/** A line of the table: a machine by its place in the columns, or the head of a group. */
export type Line = number | Head;

/** All machines in an order. `down` turns it round; what is not known comes last either way, and among equals the hub's own order counts. */
export function ordered(columns: Columns, by: Sort, down: boolean): Uint32Array {
  if (by === "attention") return byNeed(columns, down);
  const all = new Uint32Array(columns.count);
  for (let at = 0; at < all.length; at += 1) all[at] = at;
  const rank = ranks(columns, by);
  const turn = down ? -1 : 1;
  return all.sort((a, b) => {
    const [x, y] = [rank[a] ?? NaN, rank[b] ?? NaN];
    if (x === y) return a - b;
    if (Number.isNaN(x)) return Number.isNaN(y) ? a - b : 1;
    return Number.isNaN(y) ? -1 : (x - y) * turn;
  });
}

/** The usual order: states are few, so that each machine is looked at once. */
function byNeed(columns: Columns, down: boolean): Uint32Array {
  const places = new Uint32Array(SHOWN.length + 1);
  const slot = (at: number) => (down ? columns.need(at) : SHOWN.length - 1 - columns.need(at));
  for (let at = 0; at < columns.count; at += 1) places[slot(at) + 1] = (places[slot(at) + 1] ?? 0) + 1;
  for (let n = 1; n < places.length; n += 1) places[n] = (places[n] ?? 0) + (places[n - 1] ?? 0);
  const all = new Uint32Array(columns.count);
  for (let at = 0; at < columns.count; at += 1) {
    const place = places[slot(at)] ?? 0;
    all[place] = at;
    places[slot(at)] = place + 1;
  }
  return all;
}

/** A number for each machine by which it stands; NaN for what is not known. */
function ranks(columns: Columns, by: Exclude<Sort, "attention">): Float64Array {
  const each = (of: (at: number) => number | undefined) => {
    const all = new Float64Array(columns.count);
    for (let at = 0; at < all.length; at += 1) all[at] = of(at) ?? NaN;
    return all;
  };
  switch (by) {
    case "name": return byName(columns);
    // The hub sends them by client, site and name.
    case "site": return each((at) => at);
    case "cpu": return each(columns.cpu);
    case "memory": return each(columns.memory);
    case "disk": return each(columns.disk);
    case "heard": return each((at) => { const heard = columns.heardAt(at); return heard === undefined ? undefined : -heard; });
    case "waiting": return columns.waiting;
    case "lost": return columns.lost;
  }
}

/** A list's names are put in order once: it takes longest of all, and people turn an order round. */
const named = new WeakMap<Columns, Float64Array>();

function byName(columns: Columns): Float64Array {
  let ranks = named.get(columns);
  if (!ranks) named.set(columns, (ranks = nameRanks(columns)));
  return ranks;
}

/** Equal names have an equal rank. */
function nameRanks(columns: Columns): Float64Array {
  const names = Array.from({ length: columns.count }, (_, at) => columns.name(at));
  const places = new Map([...new Set(names)].sort().map((name, at) => [name, at]));
  return Float64Array.from(names, (name) => places.get(name) ?? NaN);
}

/** A group's machines, in their order. */
export interface Part {
  head: Head;
  rows: readonly number[];
}

/** The rows by groups; within a group the order stands. `closed` says which are not listed. */
export function parted(rows: readonly number[], columns: Columns, by: Exclude<Group, "none">, name: (key: string) => string, closed: ReadonlySet<string> = new Set()): Part[] {
  const groups = new Map<string | number, number[]>();
  const clients = new Map<number, string>();
  const code = (at: number): string | number => {
    if (by === "site") return columns.placeOf(at);
    if (by === "status") return columns.need(at);
    if (by === "tag") return tagsOf(columns, at);
    if (by === "os") return systemOf(columns, at);
    const place = columns.placeOf(at);
    let client = clients.get(place);
    if (client === undefined) clients.set(place, (client = columns.client(at)));
    return client;
  };
  for (const at of rows) {
    const own = groups.get(code(at));
    if (own) own.push(at);
    else groups.set(code(at), [at]);
  }
  const parts = [...groups.values()].map((all): Part => {
    const first = all[0] ?? 0;
    const key = keyOf[by](columns, first);
    return { head: headOf(key, name(key), all, columns, closed.has(key)), rows: all };
  });
  if (by === "status") return parts.sort((a, b) => SHOWN.indexOf(b.head.worst) - SHOWN.indexOf(a.head.worst));
  const isLast = ({ head }: Part) => Number(head.key === NAMELESS);
  return parts.sort((a, b) => isLast(a) - isLast(b) || (a.head.key < b.head.key ? -1 : 1));
}

/** What a machine's group is called in an address. */
const keyOf: Record<Exclude<Group, "none">, (columns: Columns, at: number) => string> = {
  site: (columns, at) => `${columns.client(at)}/${columns.site(at)}`,
  client: (columns, at) => columns.client(at),
  tag: tagsOf,
  os: systemOf,
  status: (columns, at) => columns.shown(at),
};

/** The rows with a head before each group. */
export function grouped(rows: readonly number[], columns: Columns, by: Group, name: (key: string) => string, closed: ReadonlySet<string> = new Set()): readonly Line[] {
  if (by === "none") return rows;
  return parted(rows, columns, by, name, closed).flatMap(({ head, rows: own }): Line[] => (head.closed ? [head] : [head, ...own]));
}

function headOf(key: string, title: string, rows: readonly number[], columns: Columns, closed: boolean): Head {
  const count = new Uint32Array(SHOWN.length);
  for (const at of rows) count[columns.need(at)] = (count[columns.need(at)] ?? 0) + 1;
  const counts = SHOWN.map((shown, at) => [shown, count[at] ?? 0] as const).filter(([, n]) => n > 0).reverse();
  return { key, title, of: rows.length, worst: counts[0]?.[0] ?? "unknown", counts, closed };
}
