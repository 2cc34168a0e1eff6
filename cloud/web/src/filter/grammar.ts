// Which rows does somebody want to see? The grammar of the hub's `?q=`, word for word, so that box, address, API and command
// line mean the same: terms that must all hold, as in `status:crit,warn site:lyon -name:test* cpu:>90 "free text"`.

export type FieldKind = "text" | "share" | "span" | "number" | readonly string[];
export interface Field {
  key: string;
  kind: FieldKind;
}

/** A row as filters look at it. */
export interface Row {
  texts(key: string): readonly string[];
  /** Of what is not known nothing holds. */
  number(key: string): number | undefined;
  anywhere(): readonly string[];
}

type Wanted =
  | { nothing: true }
  | { text: string; begins: boolean }
  | { above: Comparison; amount: number };
type Comparison = ">=" | "<=" | ">" | "<" | "=";
type Parsed = { not: boolean } & ({ anywhere: string } | { key: string; wanted: Wanted[] });

/** One term, to be looked at by itself. */
export interface Term {
  /** As it was typed. */
  text: string;
  /** The field it is about; none for words that may stand anywhere. */
  key: string | undefined;
  keeps(row: Row): boolean;
}

/** Where a term stands in the text, and what is wrong with it. */
export interface Wrong {
  from: number;
  to: number;
  why: "field" | "value" | "missing" | "quote";
  /** What was typed there. */
  typed: string;
  /** What there is, for `field` and `value`. */
  known: string;
}

export interface Read {
  /** All of them must hold. */
  terms: Term[];
  wrong: Wrong[];
  /** Where they stand in the text, for taking one out. */
  places: { from: number; to: number }[];
  empty: boolean;
}

/** Reads a filter. Terms that can not be understood are left out, and said to be wrong: never silently. */
export function read(text: string, fields: readonly Field[]): Read {
  const terms: Term[] = [];
  const places: { from: number; to: number }[] = [];
  const wrong: Wrong[] = [];
  for (const { from, to } of pieces(text)) {
    const found = term(text, from, to, fields);
    places.push({ from, to });
    if ("why" in found) wrong.push(found);
    else terms.push({ text: text.slice(from, to), key: "key" in found ? found.key : undefined, keeps: (row) => holds(found, row) !== found.not });
  }
  return { terms, wrong, places, empty: places.length === 0 };
}

/** What stands between spaces, where quotation marks hold together. */
function pieces(text: string): { from: number; to: number }[] {
  const all: { from: number; to: number }[] = [];
  let from = -1;
  let quoted = false;
  for (let at = 0; at <= text.length; at += 1) {
    const char = text[at];
    const ends = char === undefined || (/\s/.test(char) && !quoted);
    if (ends && from >= 0) all.push({ from, to: at });
    if (ends) from = -1;
    else if (from < 0) from = at;
    if (quoted && char === "\\") at += 1;
    else if (char === '"') quoted = !quoted;
  }
  return all;
}

function term(text: string, from: number, to: number, fields: readonly Field[]): Parsed | Wrong {
  const whole = text.slice(from, to);
  const not = whole.startsWith("-");
  const body = not ? whole.slice(1) : whole;
  const bad = (why: Wrong["why"], typed: string, known = ""): Wrong => ({ from, to, why, typed, known });
  if (!balanced(body)) return bad("quote", whole);
  const colon = body.startsWith('"') ? -1 : body.indexOf(":");
  if (colon < 0) {
    const words = unquote(body);
    return words ? { not, anywhere: words.toLowerCase() } : bad("missing", whole);
  }
  const key = body.slice(0, colon).toLowerCase();
  const field = fields.find((one) => one.key === key);
  if (!field) return bad("field", body.slice(0, colon), fields.map((one) => one.key).join(", "));
  const wanted: Wanted[] = [];
  for (const value of values(body.slice(colon + 1))) {
    if (!value) return bad("missing", whole);
    const one = wantedOf(value, field.kind);
    if (!one) return bad("value", value, typeof field.kind === "string" ? EXAMPLES[field.kind] : field.kind.join(", "));
    wanted.push(one);
  }
  return { not, key, wanted };
}

const EXAMPLES = { text: "lyon, till-*", share: ">90%", span: ">1h <30s", number: ">100" };

function balanced(text: string): boolean {
  return (text.replace(/\\./g, "").match(/"/g)?.length ?? 0) % 2 === 0;
}

const unquote = (text: string): string => (text.startsWith('"') ? text.slice(1, text.lastIndexOf('"')).replace(/\\(.)/g, "$1") : text);

function values(text: string): string[] {
  const all: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at <= text.length; at += 1) {
    if (text[at] === "\\" && quoted) at += 1;
    else if (text[at] === '"') quoted = !quoted;
    else if (text[at] === undefined || (text[at] === "," && !quoted)) {
      all.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return all;
}

function wantedOf(text: string, kind: FieldKind): Wanted | undefined {
  const quoted = text.startsWith('"');
  const plain = unquote(text).toLowerCase();
  if (kind === "text") {
    if (plain === "none" && !quoted) return { nothing: true };
    const begins = !quoted && plain.endsWith("*");
    return { text: begins ? plain.slice(0, -1) : plain, begins };
  }
  if (typeof kind !== "string") {
    const meant = kind.includes(plain) ? [plain] : kind.filter((word) => word.startsWith(plain));
    return meant.length === 1 && meant[0] !== undefined ? { text: meant[0], begins: false } : undefined;
  }
  const [, sign, rest = ""] = /^(>=|<=|>|<|=)?(.*)$/s.exec(plain) ?? [];
  const amount = amountOf(rest, kind);
  return amount === undefined ? undefined : { above: (sign as Comparison | undefined) ?? "=", amount };
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

function amountOf(text: string, kind: "share" | "span" | "number"): number | undefined {
  const number = (digits: string) => (/^(\d+\.?\d*|\.\d+)$/.test(digits) ? Number(digits) : undefined);
  if (kind === "number") return number(text);
  if (kind === "share") {
    const percent = number(text.replace(/%$/, ""));
    return percent === undefined ? undefined : percent / 100;
  }
  const unit = SECONDS[text.slice(-1)];
  const count = number(text.slice(0, -1));
  return unit === undefined || count === undefined ? undefined : count * unit;
}

function holds(term: Parsed, row: Row): boolean {
  if ("anywhere" in term) return row.anywhere().some((own) => own.toLowerCase().includes(term.anywhere));
  return term.wanted.some((one) => {
    if ("nothing" in one) return !row.texts(term.key).some((own) => own !== "");
    if ("text" in one) {
      return row.texts(term.key).some((own) => (one.begins ? own.toLowerCase().startsWith(one.text) : own.toLowerCase() === one.text));
    }
    const own = row.number(term.key);
    return own !== undefined && compare(own, one.above, one.amount);
  });
}

function compare(own: number, how: Comparison, wanted: number): boolean {
  switch (how) {
    case ">": return own > wanted;
    case ">=": return own >= wanted;
    case "<": return own < wanted;
    case "<=": return own <= wanted;
    case "=": return own === wanted;
  }
}
