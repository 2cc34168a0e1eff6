// How is a row of the table made once, and filled again and again?
import type { Health, Mark, Shown } from "../api/types.ts";
import { markDemo } from "../parts/demo-mark.ts";
import { clock, share, whole } from "../say/number.ts";
import { words } from "../say/words.ts";
import { drawSpark, makeSpark, type Spark } from "../spark/draw.ts";
import type { Points } from "../spark/sparks.ts";
import { child, glyph, put, set } from "../table/cells.ts";
import { freshRow } from "../truth/freshness.ts";
import { lookOf, pastOf, shownNow, wordOf } from "../truth/status.ts";
import type { Columns } from "./columns.ts";
import type { Head, Line } from "./order.ts";
import type { ColumnName } from "./shape.ts";

/** What the rows are filled from. */
export interface Sheet {
  columns: Columns;
  lines: readonly Line[];
  names: readonly ColumnName[];
  selected: ReadonlySet<string>;
  blind: boolean;
  now: number;
  hrefOf: (id: string) => string;
  pointsOf: (id: string) => Points | undefined;
}

const say = words({ of_group: "{title} · {n}" }, { of_group: "{title} · {n}" });
const SPARK_PX = 84;

interface Cells {
  head: HTMLElement;
  fold: HTMLButtonElement;
  tally: HTMLElement;
  glyph: SVGUseElement;
  word: HTMLElement;
  past: HTMLElement;
  link: HTMLAnchorElement;
  under: HTMLElement;
  spark: Spark;
  cell: Record<ColumnName, HTMLElement>;
  bars: Record<"cpu" | "memory" | "disk", { bar: HTMLElement; text: HTMLElement }>;
  /** What the cells were last shown for, so that they are not shown and hidden anew for each row that comes into sight. */
  shape: string;
  drawn: Points | undefined;
}

const made = new WeakMap<HTMLElement, Cells>();

/** Makes the cells of a row. */
export function make(row: HTMLElement): void {
  const cell = (name: ColumnName): HTMLElement => child(row, "div", `v-cell ${name}`, "gridcell");
  const head = child(row, "div", "v-group", "gridcell");
  const fold = child(head, "button", "plain") as HTMLButtonElement;
  fold.tabIndex = -1;
  const cells: Record<ColumnName, HTMLElement> = {
    select: cell("select"), status: cell("status"), name: cell("name"), site: cell("site"), cpu: cell("cpu"), memory: cell("memory"), disk: cell("disk"), trend: cell("trend"), heard: cell("heard"), waiting: cell("waiting"), lost: cell("lost"), os: cell("os"), tags: cell("tags"),
  };
  child(cells.select, "span", "box").setAttribute("aria-hidden", "true");
  const use = glyph(cells.status);
  const link = document.createElement("a");
  link.tabIndex = -1;
  cells.name.append(link);
  const spark = makeSpark(cells.trend, SPARK_PX);
  const bar = (own: HTMLElement) => ({ bar: child(child(own, "div", "bar-of"), "div", "bar-in"), text: child(own, "span") });
  made.set(row, {
    head, fold, tally: child(head, "span", "tally"), glyph: use, word: child(cells.status, "span", "word"), past: child(cells.status, "small"), link, under: child(cells.name, "small", "under"), spark,
    cell: cells, bars: { cpu: bar(cells.cpu), memory: bar(cells.memory), disk: bar(cells.disk) }, shape: "", drawn: undefined,
  });
}

/** Fills a row with the line that stands there. */
export function fill(row: HTMLElement, at: number, sheet: Sheet): void {
  const cells = made.get(row);
  const line = sheet.lines[at];
  if (!cells || line === undefined) return;
  const isHead = typeof line !== "number";
  const shape = isHead ? "head" : sheet.names.join();
  if (cells.shape !== shape) {
    cells.shape = shape;
    row.classList.toggle("group", isHead);
    cells.head.hidden = !isHead;
    for (const [name, cell] of Object.entries(cells.cell)) cell.hidden = isHead || !sheet.names.includes(name as ColumnName);
  }
  if (isHead) headed(row, cells, line, sheet.blind);
  else machine(row, cells, line, sheet);
}

function headed(row: HTMLElement, { fold, tally }: Cells, head: Head, blind: boolean): void {
  row.removeAttribute("aria-selected");
  put(fold, `${head.closed ? "▸" : "▾"} ${say("of_group", { title: head.title, n: head.of })}`);
  set(fold, "aria-expanded", String(!head.closed));
  put(tally, tallyOf(head, blind));
}

/** How the machines of a group are, what needs a person first. */
export function tallyOf({ counts }: Pick<Head, "counts">, blind: boolean): string {
  const all = new Map<Shown, number>();
  for (const [shown, n] of counts) all.set(shownNow(shown, blind), (all.get(shownNow(shown, blind)) ?? 0) + n);
  return [...all].map(([shown, n]) => `${wordOf(shown)} ${whole(n)}`).join(" · ");
}

function machine(row: HTMLElement, cells: Cells, at: number, { columns, selected, blind, now, hrefOf, names, pointsOf }: Sheet): void {
  const id = columns.id(at);
  const heard = columns.heardAt(at);
  status(cells, shownNow(columns.shown(at), blind), columns.was(at), heard === undefined ? undefined : clock(heard, now));
  set(row, "aria-selected", String(selected.has(id)));
  put(cells.link, columns.name(at));
  markDemo(cells.link, columns.client(at));
  set(cells.link, "href", hrefOf(id));
  put(cells.under, names.includes("site") ? "" : columns.site(at));
  put(cells.cell.site, `${columns.client(at)} / ${columns.site(at)}`);
  const live = columns.reach(at) === "live" && !blind;
  gauge(cells.bars.cpu, columns.cpu(at), live);
  gauge(cells.bars.memory, columns.memory(at), live);
  gauge(cells.bars.disk, columns.disk(at), live);
  const lost = columns.lost[at] ?? 0;
  put(cells.cell.heard, freshRow(columns.reach(at), heard, lost > 0, now));
  put(cells.cell.waiting, waitingOf(columns, at));
  put(cells.cell.lost, columns.reach(at) === "cut" && lost === 0 ? "?" : whole(lost));
  put(cells.cell.os, columns.system(at));
  put(cells.cell.tags, calledOf(columns.mark(at)));
  if (!names.includes("trend")) return;
  const points = pointsOf(id);
  if (points === cells.drawn) return;
  cells.drawn = points;
  drawSpark(cells.spark, points, SPARK_PX);
}

/** What a machine is called, in a line: tags as scopes write them, and groups. */
export const calledOf = ({ tags, groups }: Mark): string => [...tags.map((tag) => `#${tag}`), ...groups].join(" ");

/** Of a site that is cut off nobody tells what waits there, nor what was lost. */
export function waitingOf(columns: Columns, at: number): string {
  const waiting = columns.waiting[at] ?? 0;
  if (columns.reach(at) === "cut" && waiting === 0) return "?";
  return waiting ? `${columns.isReckoned(at) ? "≈ " : ""}${whole(waiting)}` : "0";
}

function status(cells: Cells, shown: Shown, was: Health, time: string | undefined): void {
  const look = lookOf(shown, was);
  const word = wordOf(shown);
  const past = pastOf(shown, was, time);
  set(cells.cell.status, "class", `v-cell status tone-${look.tone}${look.hatched ? " hatched" : ""}${shown === "critical" ? " solid" : ""}`);
  set(cells.glyph, "href", `#g-${look.glyph}`);
  put(cells.word, word);
  put(cells.past, past);
  set(cells.cell.status, "title", past ? `${word}, ${past}` : word);
}

function gauge({ bar, text }: { bar: HTMLElement; text: HTMLElement }, value: number | undefined, live: boolean): void {
  put(text, value === undefined ? "–" : share(value));
  const scale = `scaleX(${value === undefined ? 0 : Math.min(1, value).toFixed(3)})`;
  if (bar.style.transform !== scale) bar.style.transform = scale;
  bar.parentElement?.classList.toggle("old", !live);
}
