// What would be done with many machines at once? Worked out and shown before anything is sent.
import type { Incident, Mark, Reachability } from "../api/types.ts";
import { summaryOf } from "../incidents/words.ts";
import type { Columns } from "../machines/columns.ts";
import { whole } from "../say/number.ts";

/** One thing to be done, and how it is called in the list of what came of it. */
export interface Wish {
  title: string;
  place: string;
  path: string;
  body: Record<string, unknown>;
}

/** What is asked for, and what is left out and why. */
export interface Plan {
  wishes: Wish[];
  /** Machines that it is about. */
  machines: number;
  /** Known to somebody already. */
  known: number;
  /** At places where the asker may not. */
  denied: number;
  /** Machines whose site is cut off: it learns of this when its line is back. */
  cut: number;
  /** Windows that are for a whole site. */
  sites: number;
}

/** More windows than this are no planned work any more: say a site, or a client. */
export const MOST_WINDOWS = 500;

type May = (client: string | null, site: string | null) => boolean;

const cutOf = (columns: Columns, rows: readonly number[]): number => rows.filter((at) => columns.reach(at) === "cut").length;

/** To acknowledge what is open of these machines. Incidents of a whole site are nobody's machine's, and are left to a person. */
export function acknowledging(incidents: readonly Incident[], columns: Columns, rows: readonly number[], may: May): Plan {
  const chosen = new Set(rows);
  const own = incidents.filter((one) => one.machine_id !== null && one.standing !== "resolved" && chosen.has(columns.find(one.machine_id)));
  const unknown = own.filter((one) => one.standing !== "acknowledged");
  const allowed = unknown.filter((one) => may(one.client, one.site));
  const wishes = allowed.map((one): Wish => ({
    title: summaryOf(one), place: [one.machine, one.client, one.site].filter(Boolean).join(" · "), path: `/api/v1/incidents/${one.id}/acknowledge`, body: {},
  }));
  return { wishes, machines: new Set(own.map((one) => one.machine_id)).size, known: own.length - unknown.length, denied: unknown.length - allowed.length, cut: cutOf(columns, rows), sites: 0 };
}

/** To mute these machines: a window for a site all of whose machines are chosen, if the asker may mute all of it; one for each of the others. */
export function muting(columns: Columns, rows: readonly number[], when: Readonly<Record<string, unknown>>, why: string, may: May, mayAll: May): Plan {
  const all = new Map<number, number>();
  for (let at = 0; at < columns.count; at += 1) all.set(columns.placeOf(at), (all.get(columns.placeOf(at)) ?? 0) + 1);
  const chosen = new Map<number, number[]>();
  for (const at of rows) {
    const own = chosen.get(columns.placeOf(at));
    if (own) own.push(at);
    else chosen.set(columns.placeOf(at), [at]);
  }
  const plan: Plan = { wishes: [], machines: 0, known: 0, denied: 0, cut: cutOf(columns, rows), sites: 0 };
  for (const [place, machines] of chosen) {
    const first = machines[0] ?? 0;
    const [client, site] = [columns.client(first), columns.site(first)];
    if (!may(client, site)) {
      plan.denied += machines.length;
      continue;
    }
    plan.machines += machines.length;
    const wish = (title: string, more: Record<string, unknown>): Wish => ({ title, place: `${client} / ${site}`, path: "/api/v1/maintenance", body: { kind: "maintenance", client, site, ...more, ...when, why } });
    // Of a list that ends before all machines nobody knows whether these are all of the site.
    const isWhole = mayAll(client, site) && machines.length > 1 && machines.length === all.get(place) && columns.count === columns.total;
    if (isWhole) {
      plan.sites += 1;
      plan.wishes.push(wish(`${client} / ${site}`, {}));
    } else {
      plan.wishes.push(...[...new Set(machines.map(columns.name))].map((machine) => wish(machine, { machine })));
    }
  }
  return plan;
}

/** A machine, and what it is called. */
export interface Called {
  /** As much of it as is nobody else's. */
  id: string;
  client: string;
  site: string;
  reach: Reachability;
  mark: Mark;
}

/** Machines of one request: all of them are called so, or none. */
const TAGGED_AT_ONCE = 500;

/** What people call machines is what a place or a client may be called. */
export const isWord = (text: string): boolean => /^[a-z0-9][a-z0-9-]{0,62}$/.test(text);

const KINDS = ["tags", "groups"] as const;

/** To give these machines words and take others away: some requests for each site, of those that would be called otherwise. */
export function tagging(machines: readonly Called[], add: Mark, remove: Mark, may: May): Plan {
  const allowed = machines.filter((one) => may(one.client, one.site));
  const changes = ({ mark }: Called) => KINDS.some((kind) => add[kind].some((word) => !mark[kind].includes(word)) || remove[kind].some((word) => mark[kind].includes(word)));
  const changed = allowed.filter(changes);
  const plan: Plan = { wishes: [], machines: changed.length, known: allowed.length - changed.length, denied: machines.length - allowed.length, cut: changed.filter((one) => one.reach === "cut").length, sites: 0 };
  const sites = new Map<string, Called[]>();
  for (const one of changed) {
    const title = `${one.client} / ${one.site}`;
    const own = sites.get(title);
    if (own) own.push(one);
    else sites.set(title, [one]);
  }
  for (const [title, own] of sites) {
    for (let at = 0; at < own.length; at += TAGGED_AT_ONCE) {
      const some = own.slice(at, at + TAGGED_AT_ONCE);
      // The hub takes a word away that one of them has: another is mistyped.
      const known = (kind: (typeof KINDS)[number]) => remove[kind].filter((word) => some.some((one) => one.mark[kind].includes(word)));
      plan.wishes.push({
        title, place: whole(some.length), path: "/api/v1/machines/tags",
        body: { machines: some.map((one) => one.id), add: { tags: [...add.tags], groups: [...add.groups] }, remove: { tags: known("tags"), groups: known("groups") } },
      });
    }
  }
  return plan;
}
