// How is a row of the table made once, and filled again and again?
import type { Health, Shown } from "../api/types.ts";
import { clock, share, whole } from "../say/number.ts";
import { freshRow } from "../truth/freshness.ts";
import { lookOf, pastOf, shownNow, wordOf } from "../truth/status.ts";
import type { Columns } from "./columns.ts";
import type { Line } from "./order.ts";
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
}

const SVG = "http://www.w3.org/2000/svg";

interface Cells {
  head: HTMLElement;
  glyph: SVGUseElement;
  word: HTMLElement;
  past: HTMLElement;
  link: HTMLAnchorElement;
  under: HTMLElement;
  cell: Record<ColumnName, HTMLElement>;
  bars: Record<"cpu" | "memory", { bar: HTMLElement; text: HTMLElement }>;
}

const made = new WeakMap<HTMLElement, Cells>();

/** Makes the cells of a row. */
export function make(row: HTMLElement): void {
  const cell = (name: ColumnName): HTMLElement => child(row, "div", `v-cell ${name}`, "gridcell");
  const head = child(row, "div", "v-group", "gridcell");
  const cells = { status: cell("status"), name: cell("name"), site: cell("site"), cpu: cell("cpu"), memory: cell("memory"), heard: cell("heard"), waiting: cell("waiting"), lost: cell("lost") };
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "glyph");
  svg.setAttribute("aria-hidden", "true");
  const glyph = document.createElementNS(SVG, "use");
  svg.append(glyph);
  cells.status.append(svg);
  const link = document.createElement("a");
  link.tabIndex = -1;
  cells.name.append(link);
  const bar = (own: HTMLElement) => ({ bar: child(child(own, "div", "bar-of"), "div", "bar-in"), text: child(own, "span") });
  made.set(row, {
    head, glyph, word: child(cells.status, "span", "word"), past: child(cells.status, "small"), link, under: child(cells.name, "small", "under"),
    cell: cells, bars: { cpu: bar(cells.cpu), memory: bar(cells.memory) },
  });
}

/** Fills a row with the line that stands there. */
export function fill(row: HTMLElement, at: number, sheet: Sheet): void {
  const cells = made.get(row);
  const line = sheet.lines[at];
  if (!cells || line === undefined) return;
  const isHead = typeof line !== "number";
  row.classList.toggle("group", isHead);
  cells.head.hidden = !isHead;
  for (const [name, cell] of Object.entries(cells.cell)) cell.hidden = isHead || !sheet.names.includes(name as ColumnName);
  if (isHead) {
    row.removeAttribute("aria-selected");
    put(cells.head, `${line.title} · ${whole(line.of)} · ${wordOf(shownNow(line.worst, sheet.blind))}`);
  } else {
    machine(row, cells, line, sheet);
  }
}

function machine(row: HTMLElement, cells: Cells, at: number, { columns, selected, blind, now, hrefOf, names }: Sheet): void {
  const id = columns.sent.id[at] ?? "";
  const heard = columns.heardAt(at);
  status(cells, shownNow(columns.shown[at] ?? "unknown", blind), columns.was(at), heard === undefined ? undefined : clock(heard, now));
  row.setAttribute("aria-selected", String(selected.has(id)));
  put(cells.link, columns.name(at));
  set(cells.link, "href", hrefOf(id));
  put(cells.under, names.includes("site") ? "" : columns.site(at));
  put(cells.cell.site, `${columns.client(at)} / ${columns.site(at)}`);
  const live = columns.reach[at] === "live" && !blind;
  gauge(cells.bars.cpu, columns.cpu(at), live);
  gauge(cells.bars.memory, columns.memory(at), live);
  const lost = columns.sent.lost[at] ?? 0;
  const waiting = columns.sent.waiting[at] ?? 0;
  put(cells.cell.heard, freshRow(columns.reach[at] ?? "unseen", heard, lost > 0, now));
  // Of a site that is cut off nobody tells what waits there.
  const unknown = columns.reach[at] === "cut" && waiting === 0;
  put(cells.cell.waiting, unknown ? "?" : waiting ? `${columns.isReckoned(at) ? "≈ " : ""}${whole(waiting)}` : "0");
  put(cells.cell.lost, whole(lost));
}

function status(cells: Cells, shown: Shown, was: Health, time: string | undefined): void {
  const look = lookOf(shown, was);
  const word = wordOf(shown);
  set(cells.cell.status, "class", `v-cell status tone-${look.tone}${look.hatched ? " hatched" : ""}${shown === "critical" ? " solid" : ""}`);
  set(cells.glyph, "href", `#g-${look.glyph}`);
  put(cells.word, word);
  put(cells.past, pastOf(shown, was, time));
  cells.cell.status.title = cells.past.textContent ? `${word}, ${cells.past.textContent}` : word;
}

function gauge({ bar, text }: { bar: HTMLElement; text: HTMLElement }, value: number | undefined, live: boolean): void {
  put(text, value === undefined ? "–" : share(value));
  bar.style.transform = `scaleX(${value === undefined ? 0 : Math.min(1, value)})`;
  bar.parentElement?.classList.toggle("old", !live);
}

// A row is filled each second and mostly says what it said: what is the same is not written again.
function put(element: HTMLElement, text: string): void {
  if (element.firstChild?.nodeValue !== text) element.textContent = text;
}

function set(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function child(parent: HTMLElement, tag: string, className = "", role = ""): HTMLElement {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (role) element.setAttribute("role", role);
  parent.append(element);
  return element;
}
