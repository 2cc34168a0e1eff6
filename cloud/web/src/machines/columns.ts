// All machines as columns: what the table shows, sorts, groups and filters, without an object for each.
import type { Health, Reachability, Shown } from "../api/types.ts";
import type { Field, Row } from "../filter/grammar.ts";

/** As the hub sends it (`/api/v1/machines/columns`). */
export interface Sent {
  as_of: string;
  total: number;
  places: { client: string; site: string }[];
  shown_words: Shown[];
  reach_words: Reachability[];
  id: string[];
  name: string[];
  place: number[];
  shown: string;
  was: string;
  reach: string;
  heard: (number | null)[];
  cpu: (number | null)[];
  memory: (number | null)[];
  waiting: number[];
  reckoned: string;
  lost: number[];
}

const HEALTHS: Readonly<Record<string, Health>> = { o: "ok", w: "warning", c: "critical", u: "unknown" };

/** What machines can be filtered by: the same as the hub's `?q=`. */
export const FIELDS: readonly Field[] = [
  { key: "status", kind: ["retired", "asleep", "ok", "heard", "unknown", "late", "stale", "silent", "warning", "critical"] },
  { key: "reach", kind: ["live", "late", "silent", "cut", "asleep", "unseen", "retired"] },
  { key: "health", kind: ["ok", "warning", "critical", "unknown"] },
  { key: "client", kind: "text" },
  { key: "site", kind: "text" },
  { key: "name", kind: "text" },
  { key: "id", kind: "text" },
  { key: "cpu", kind: "share" },
  { key: "memory", kind: "share" },
  { key: "seen", kind: "span" },
  { key: "waiting", kind: "number" },
  { key: "lost", kind: "number" },
];

export class Columns {
  readonly sent: Sent;
  readonly count: number;
  /** When the hub drew it up, in ms. */
  readonly asOf: number;
  /** What it was told of since by events. */
  readonly shown: Shown[];
  readonly reach: Reachability[];
  #now = 0;
  #at = 0;
  readonly #row: Row;

  constructor(sent: Sent) {
    this.sent = sent;
    this.count = sent.id.length;
    this.asOf = Date.parse(sent.as_of);
    this.shown = Array.from(sent.shown, (digit) => sent.shown_words[Number(digit)] ?? "unknown");
    this.reach = Array.from(sent.reach, (digit) => sent.reach_words[Number(digit)] ?? "unseen");
    this.#row = {
      texts: (key) => this.#texts(key),
      number: (key) => this.#number(key),
      anywhere: () => [this.name(this.#at), this.site(this.#at), this.client(this.#at)],
    };
  }

  name = (at: number): string => this.sent.name[at] ?? "";
  client = (at: number): string => this.sent.places[this.sent.place[at] ?? 0]?.client ?? "";
  site = (at: number): string => this.sent.places[this.sent.place[at] ?? 0]?.site ?? "";
  was = (at: number): Health => HEALTHS[this.sent.was[at] ?? "u"] ?? "unknown";
  isReckoned = (at: number): boolean => this.sent.reckoned[at] === "1";

  /** When its newest sample was measured, in ms; none when it never was heard. */
  heardAt(at: number): number | undefined {
    const ago = this.sent.heard[at];
    return ago === null || ago === undefined ? undefined : this.asOf - ago * 1000;
  }

  /** A share of 1. */
  cpu = (at: number): number | undefined => share(this.sent.cpu[at]);
  memory = (at: number): number | undefined => share(this.sent.memory[at]);

  /** The rows that pass. */
  matching(keeps: (row: Row) => boolean, now: number): number[] {
    this.#now = now;
    const all: number[] = [];
    for (let at = 0; at < this.count; at += 1) {
      this.#at = at;
      if (keeps(this.#row)) all.push(at);
    }
    return all;
  }

  /** Where a machine stands, by its whole id; -1 when it is not here. */
  find(id: string): number {
    const length = this.sent.id[0]?.length ?? 0;
    return this.sent.id.indexOf(id.slice(0, length));
  }

  #texts(key: string): readonly string[] {
    const at = this.#at;
    switch (key) {
      case "status": return [this.shown[at] ?? "unknown"];
      case "reach": return [this.reach[at] ?? "unseen"];
      case "health": return [this.was(at)];
      case "client": return [this.client(at)];
      case "site": return [this.site(at)];
      case "name": return [this.name(at)];
      case "id": return [this.sent.id[at] ?? ""];
      default: return [];
    }
  }

  #number(key: string): number | undefined {
    const at = this.#at;
    switch (key) {
      case "cpu": return this.cpu(at);
      case "memory": return this.memory(at);
      case "waiting": return this.sent.waiting[at];
      case "lost": return this.sent.lost[at];
      case "seen": {
        const heard = this.heardAt(at);
        return heard === undefined ? undefined : Math.max(0, (this.#now - heard) / 1000);
      }
      default: return undefined;
    }
  }
}

function share(thousandths: number | null | undefined): number | undefined {
  return thousandths === null || thousandths === undefined ? undefined : thousandths / 1000;
}
