// How is a row of tiles made once, and filled again and again?
import { markDemo } from "../parts/demo-mark.ts";
import { clock, rounded, whole } from "../say/number.ts";
import { words } from "../say/words.ts";
import { drawSpark, makeSpark, type Spark } from "../spark/draw.ts";
import type { Points } from "../spark/sparks.ts";
import { child, glyph, put, set } from "../table/cells.ts";
import { freshRow } from "../truth/freshness.ts";
import { lookOf, pastOf, shownNow, wordOf } from "../truth/status.ts";
import type { Arranged } from "./arrange.ts";
import type { Columns } from "./columns.ts";
import { tallyOf } from "./rows.ts";

export interface TileSheet {
  columns: Columns;
  rows: readonly Arranged[];
  across: number;
  selected: ReadonlySet<string>;
  blind: boolean;
  now: number;
  hrefOf: (id: string) => string;
  pointsOf: (id: string) => Points | undefined;
  /** Where the current tile is in its row. */
  column: number;
}

const say = words({ of_group: "{title} · {n}", cpu: "CPU {n}", memory: "Mem {n}" }, { of_group: "{title} · {n}", cpu: "CPU {n}", memory: "Mém {n}" });
const SPARK_PX = 60;

interface Tile {
  root: HTMLElement;
  link: HTMLAnchorElement;
  glyph: SVGUseElement;
  word: HTMLElement;
  place: HTMLElement;
  figures: HTMLElement;
  spark: Spark;
  drawn: Points | undefined;
}

interface Made {
  head: HTMLElement;
  fold: HTMLElement;
  tally: HTMLElement;
  tiles: HTMLElement;
  all: Tile[];
}

const made = new WeakMap<HTMLElement, Made>();

export const tileId = (row: number, column: number): string => `tile-${row}-${column}`;

/** Makes a row: its tiles come with the first filling, as many as there is room for. */
export function makeRow(row: HTMLElement): void {
  const head = child(row, "div", "v-group", "gridcell");
  const fold = child(head, "button");
  fold.tabIndex = -1;
  const tiles = child(row, "div", "tiles-row", "presentation");
  made.set(row, { head, fold, tally: child(head, "span", "tally"), tiles, all: [] });
}

/** Fills a row with what stands there. */
export function fillRow(row: HTMLElement, at: number, sheet: TileSheet, isCurrent: boolean): void {
  const parts = made.get(row);
  const line = sheet.rows[at];
  if (!parts || !line) return;
  row.classList.toggle("group", line.head !== undefined);
  parts.head.hidden = line.head === undefined;
  parts.tiles.hidden = line.head !== undefined;
  if (line.head) {
    put(parts.fold, `${line.head.closed ? "▸" : "▾"} ${say("of_group", { title: line.head.title, n: line.head.of })}`);
    set(parts.fold, "aria-expanded", String(!line.head.closed));
    put(parts.tally, tallyOf(line.head, sheet.blind));
    return;
  }
  while (parts.all.length < sheet.across) parts.all.push(makeTile(parts.tiles));
  for (const [column, tile] of parts.all.entries()) {
    const machine = line.machines[column];
    tile.root.hidden = machine === undefined;
    if (machine === undefined) continue;
    set(tile.root, "id", tileId(at, column));
    set(tile.root, "data-column", String(column));
    fillTile(tile, machine, sheet, isCurrent && Math.min(sheet.column, line.machines.length - 1) === column);
  }
}

function makeTile(parent: HTMLElement): Tile {
  const root = child(parent, "div", "tile", "gridcell");
  const link = child(root, "a", "name") as HTMLAnchorElement;
  link.tabIndex = -1;
  const pick = child(root, "span", "pick");
  pick.setAttribute("aria-hidden", "true");
  child(pick, "span", "box");
  const state = child(root, "span", "state");
  const use = glyph(state);
  const word = child(state, "span", "word");
  const place = child(root, "small", "place");
  const figures = child(root, "span", "figures");
  const spark = makeSpark(root, SPARK_PX);
  return { root, link, glyph: use, word, place, figures, spark, drawn: undefined };
}

function fillTile(tile: Tile, at: number, { columns, selected, blind, now, hrefOf, pointsOf }: TileSheet, isCurrent: boolean): void {
  const id = columns.id(at);
  const heard = columns.heardAt(at);
  const shown = shownNow(columns.shown(at), blind);
  const look = lookOf(shown, columns.was(at));
  const past = pastOf(shown, columns.was(at), heard === undefined ? undefined : clock(heard, now));
  set(tile.root, "class", `tile tone-${look.tone}${look.hatched ? " hatched" : ""}${shown === "critical" ? " solid" : ""}${isCurrent ? " current" : ""}`);
  set(tile.root, "aria-selected", String(selected.has(id)));
  put(tile.link, columns.name(at));
  markDemo(tile.link, columns.client(at));
  set(tile.link, "href", hrefOf(id));
  set(tile.glyph, "href", `#g-${look.glyph}`);
  put(tile.word, past ? `${wordOf(shown)}, ${past}` : wordOf(shown));
  set(tile.root, "title", `${columns.name(at)}, ${columns.client(at)} / ${columns.site(at)}: ${tile.word.textContent ?? ""}`);
  put(tile.place, `${freshRow(columns.reach(at), heard, (columns.lost[at] ?? 0) > 0, now)} · ${columns.site(at)}`);
  const figure = (n: number | undefined) => (n === undefined ? "–" : rounded(n));
  put(tile.figures, `${say("cpu", { n: figure(columns.cpu(at)) })} · ${say("memory", { n: figure(columns.memory(at)) })}${columns.lost[at] ? ` · ! ${whole(columns.lost[at] ?? 0)}` : ""}`);
  const points = pointsOf(id);
  if (points === tile.drawn) return;
  tile.drawn = points;
  drawSpark(tile.spark, points, SPARK_PX);
}
