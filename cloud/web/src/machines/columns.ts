// All machines as columns: what the views show, sort, group and filter, without an object for each.
import type { Health, Mark, Reachability, Shown } from "../api/types.ts";
import type { Field, Row, Term } from "../filter/grammar.ts";

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
  /** Not there in a copy that was kept by an older page. */
  marks?: Mark[];
  mark?: number[];
  systems?: string[];
  system?: (number | null)[];
  disk?: (number | null)[];
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

/** What needs nobody first, what needs a person last: as the hub orders them. */
export const SHOWN: readonly Shown[] = ["retired", "asleep", "ok", "heard", "unknown", "late", "stale", "silent", "warning", "critical"];
const REACH: readonly Reachability[] = ["live", "late", "silent", "cut", "asleep", "unseen", "retired"];
const HEALTH: readonly Health[] = ["unknown", "ok", "warning", "critical"];
const LETTERS = "uowc";

/** What machines can be filtered by: the same as the hub's `?q=`. */
export const FIELDS: readonly Field[] = [
  { key: "status", kind: SHOWN },
  { key: "reach", kind: REACH },
  { key: "health", kind: ["ok", "warning", "critical", "unknown"] },
  { key: "client", kind: "text" },
  { key: "site", kind: "text" },
  { key: "name", kind: "text" },
  { key: "id", kind: "text" },
  { key: "tag", kind: "text" },
  { key: "group", kind: "text" },
  { key: "os", kind: "text" },
  { key: "cpu", kind: "share" },
  { key: "memory", kind: "share" },
  { key: "disk", kind: "share" },
  { key: "seen", kind: "span" },
  { key: "waiting", kind: "number" },
  { key: "lost", kind: "number" },
];

const NOTHING: Mark = { tags: [], groups: [] };

/** Terms whose machines are kept, so that a key pressed works out one of them anew. */
const MASKS_KEPT = 12;

export class Columns {
  readonly count: number;
  readonly total: number;
  /** When the hub drew it up, in ms. */
  readonly asOf: number;
  readonly stamp: string;
  readonly ids: readonly string[];
  readonly waiting: Float64Array;
  readonly lost: Float64Array;
  /** Another number whenever an event changed a row. */
  changes = 0;

  readonly #names: readonly string[];
  #lower: string[] | undefined;
  readonly #places: Sent["places"];
  readonly #place: Uint16Array | Uint32Array;
  readonly #marks: readonly Mark[];
  readonly #mark: Uint32Array;
  readonly #shown: Uint8Array;
  readonly #reach: Uint8Array;
  readonly #was: Uint8Array;
  readonly #reckoned: Uint8Array;
  /** Seconds before `asOf`, shares of 1: NaN is what is not known. */
  readonly #heardS: Float64Array;
  readonly #cpu: Float32Array;
  readonly #memory: Float32Array;
  readonly #disk: Float32Array;
  /** What was not said is behind the last. */
  readonly #systems: readonly string[];
  readonly #system: Uint32Array;
  readonly #idLength: number;
  #at: Map<string, number> | undefined;
  #masks = new Map<string, Uint8Array>();

  constructor(sent: Sent) {
    this.count = sent.id.length;
    this.total = sent.total;
    this.stamp = sent.as_of;
    this.asOf = Date.parse(sent.as_of);
    this.ids = sent.id;
    this.#idLength = sent.id[0]?.length ?? 0;
    this.#names = sent.name;
    this.#places = sent.places;
    this.#place = sent.places.length > 65_535 ? Uint32Array.from(sent.place) : Uint16Array.from(sent.place);
    this.#marks = sent.marks ?? [];
    this.#mark = sent.mark ? Uint32Array.from(sent.mark) : new Uint32Array(this.count);
    this.#shown = coded(sent.shown, sent.shown_words.map((word) => SHOWN.indexOf(word)));
    this.#reach = coded(sent.reach, sent.reach_words.map((word) => REACH.indexOf(word)));
    this.#was = bytes(sent.was.length, (at) => Math.max(0, LETTERS.indexOf(sent.was[at] ?? "u")));
    this.#reckoned = coded(sent.reckoned, [0, 1]);
    this.#heardS = figures(new Float64Array(this.count), sent.heard, 1);
    this.#cpu = figures(new Float32Array(this.count), sent.cpu, 1000);
    this.#memory = figures(new Float32Array(this.count), sent.memory, 1000);
    this.#disk = figures(new Float32Array(this.count).fill(NaN), sent.disk ?? [], 1000);
    this.#systems = sent.systems ?? [];
    this.#system = new Uint32Array(this.count).fill(this.#systems.length);
    sent.system?.forEach((system, at) => { this.#system[at] = system ?? this.#systems.length; });
    this.waiting = Float64Array.from(sent.waiting);
    this.lost = Float64Array.from(sent.lost);
  }

  id = (at: number): string => this.ids[at] ?? "";
  name = (at: number): string => this.#names[at] ?? "";
  /** Which of the places; equal for machines of one site. */
  placeOf = (at: number): number => this.#place[at] ?? 0;
  client = (at: number): string => this.#places[this.placeOf(at)]?.client ?? "";
  site = (at: number): string => this.#places[this.placeOf(at)]?.site ?? "";
  /** What people call it. */
  mark = (at: number): Mark => this.#marks[this.#mark[at] ?? 0] ?? NOTHING;
  shown = (at: number): Shown => SHOWN[this.#shown[at] ?? 4] ?? "unknown";
  /** How much it needs a person: the place of its state in `SHOWN`. */
  need = (at: number): number => this.#shown[at] ?? 4;
  reach = (at: number): Reachability => REACH[this.#reach[at] ?? 5] ?? "unseen";
  was = (at: number): Health => HEALTH[this.#was[at] ?? 0] ?? "unknown";
  isReckoned = (at: number): boolean => this.#reckoned[at] === 1;
  /** A share of 1. */
  cpu = (at: number): number | undefined => known(this.#cpu[at]);
  memory = (at: number): number | undefined => known(this.#memory[at]);
  /** Of the fullest. */
  disk = (at: number): number | undefined => known(this.#disk[at]);
  /** Its operating system; empty where it has not said it. */
  system = (at: number): string => this.#systems[this.#system[at] ?? -1] ?? "";

  /** When its newest sample was measured, in ms; none when it never was heard. */
  heardAt(at: number): number | undefined {
    const ago = known(this.#heardS[at]);
    return ago === undefined ? undefined : this.asOf - ago * 1000;
  }

  /** Takes what an event told of a machine; false when it is not here. */
  learn(id: string, shown: Shown, reach: Reachability): boolean {
    const at = this.find(id);
    if (at < 0) return false;
    this.#shown[at] = Math.max(0, SHOWN.indexOf(shown));
    this.#reach[at] = Math.max(0, REACH.indexOf(reach));
    this.changes += 1;
    for (const key of this.#masks.keys()) if (/^-?(status|reach):/i.test(key)) this.#masks.delete(key);
    return true;
  }

  /** Whether what an event told is what it is called here. */
  isCalled(id: string, tags: readonly string[] = [], groups: readonly string[] = []): boolean {
    const own = this.mark(this.find(id));
    return own.tags.join() === tags.join() && own.groups.join() === groups.join();
  }

  /** Where a machine stands, by its whole id; -1 when it is not here. */
  find(id: string): number {
    this.#at ??= new Map(this.ids.map((own, at) => [own, at]));
    return this.#at.get(id.slice(0, this.#idLength)) ?? -1;
  }

  /** Those of an order that pass, in that order. */
  matching(terms: readonly Term[], order: Uint32Array, now: number): number[] {
    const masks = terms.map((term) => this.#mask(term, now));
    const all: number[] = [];
    for (let n = 0; n < order.length; n += 1) {
      const at = order[n] ?? 0;
      let passes = true;
      for (const mask of masks) passes &&= mask[at] === 1;
      if (passes) all.push(at);
    }
    return all;
  }

  #mask(term: Term, now: number): Uint8Array {
    // Ages go on by themselves: what was true of them then is another question now.
    const key = term.key === "seen" ? `${term.text} ${now}` : term.text;
    const kept = this.#masks.get(key);
    if (kept) return kept;
    const mask = this.#drawn(term, now);
    if (this.#masks.size >= MASKS_KEPT) this.#masks.delete(this.#masks.keys().next().value ?? "");
    this.#masks.set(key, mask);
    return mask;
  }

  /** Of what machines share it is looked once for all who share it. */
  #drawn(term: Term, now: number): Uint8Array {
    const shared = (codes: Uint8Array | Uint16Array | Uint32Array, count: number, row: (code: number) => Row): Uint8Array => {
      const passes = bytes(count, (code) => Number(term.keeps(row(code))));
      return bytes(codes.length, (at) => passes[codes[at] ?? 0] ?? 0);
    };
    const word = (text: string | undefined): Row => ({ texts: () => [text ?? ""], number: () => undefined, anywhere: () => [] });
    const called = (of: (mark: Mark) => readonly string[]): Uint8Array =>
      shared(this.#mark, Math.max(1, this.#marks.length), (code) => ({ texts: () => of(this.#marks[code] ?? NOTHING), number: () => undefined, anywhere: () => [] }));
    switch (term.key) {
      case "tag": return called((mark) => mark.tags);
      case "group": return called((mark) => mark.groups);
      case "status": return shared(this.#shown, SHOWN.length, (code) => word(SHOWN[code]));
      case "reach": return shared(this.#reach, REACH.length, (code) => word(REACH[code]));
      case "health": return shared(this.#was, HEALTH.length, (code) => word(HEALTH[code]));
      case "os": return shared(this.#system, this.#systems.length + 1, (code) => word(this.#systems[code]?.toLowerCase()));
      case "client": return shared(this.#place, this.#places.length, (code) => word(this.#places[code]?.client));
      case "site": return shared(this.#place, this.#places.length, (code) => word(this.#places[code]?.site));
      default: return this.#each(term, now);
    }
  }

  #each(term: Term, now: number): Uint8Array {
    const lower = (this.#lower ??= this.#names.map((name) => name.toLowerCase()));
    const places = this.#places.map(({ client, site }) => [client, site]);
    let at = 0;
    const row: Row = {
      texts: (key) => [(key === "id" ? this.ids[at] : lower[at]) ?? ""],
      number: (key) => this.#number(key, at, now),
      anywhere: () => [lower[at] ?? "", ...(places[this.placeOf(at)] ?? [])],
    };
    const mask = new Uint8Array(this.count);
    for (; at < this.count; at += 1) mask[at] = Number(term.keeps(row));
    return mask;
  }

  #number(key: string, at: number, now: number): number | undefined {
    switch (key) {
      case "cpu": return this.cpu(at);
      case "memory": return this.memory(at);
      case "disk": return this.disk(at);
      case "waiting": return this.waiting[at];
      case "lost": return this.lost[at];
      case "seen": {
        const heard = this.heardAt(at);
        return heard === undefined ? undefined : Math.max(0, (now - heard) / 1000);
      }
      default: return undefined;
    }
  }
}

// Loops by hand: `from` goes over iterators, and takes ten times as long for ten thousand.
function bytes(count: number, of: (at: number) => number): Uint8Array {
  const all = new Uint8Array(count);
  for (let at = 0; at < count; at += 1) all[at] = of(at);
  return all;
}

function figures<T extends Float32Array | Float64Array>(all: T, sent: readonly (number | null)[], one: number): T {
  for (let at = 0; at < sent.length; at += 1) all[at] = (sent[at] ?? NaN) / one;
  return all;
}

const ZERO = 48;
const coded = (digits: string, codes: readonly number[]): Uint8Array => bytes(digits.length, (at) => Math.max(0, codes[digits.charCodeAt(at) - ZERO] ?? 0));
const known = (n: number | undefined): number | undefined => (n === undefined || Number.isNaN(n) ? undefined : n);
