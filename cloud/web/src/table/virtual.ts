// Fifty thousand rows, of which those that are seen are in the document.
//
// Rows are made once and filled again and again; no framework stands between the scroll and the row. The focus stays on the
// table, which says which row is the current one; so no row that is used again takes the focus away with it.

import { set } from "./cells.ts";
import { Rows } from "./window.ts";

export interface TableParts {
  host: HTMLElement;
  /** Makes the cells of a row, once. */
  make: (row: HTMLElement) => void;
  /** Fills a row that stands at this place. */
  fill: (row: HTMLElement, at: number) => void;
  open: (at: number) => void;
  /** The current row is another one. */
  moved: (at: number) => void;
  /** Other rows are seen; those that are, from the first to behind the last. */
  seen?: (first: number, last: number) => void;
  /** A row was clicked on, at this place in it. */
  clicked?: (at: number, target: Element, event: MouseEvent) => void;
  /** What is said to be the current one within its row; the row itself if nothing is said. */
  activeIn?: (row: HTMLElement, at: number) => HTMLElement | undefined;
}

/** Rows above and below those that are seen, so that a flick of the wheel finds them there. */
const SPARE = 8;

export class VirtualTable {
  #parts: TableParts;
  #scroller: HTMLElement;
  #body: HTMLElement;
  #rows: HTMLElement[] = [];
  #lines = new Rows(0, 28);
  /** How far up the head keeps rows from sight, and how tall the window is: asked when it changes, never while it scrolls. */
  #head = 0;
  #tall = 0;
  #drawn = new Map<number, HTMLElement>();
  #asked = 0;
  #seen: readonly [number, number] = [0, 0];
  #watcher: ResizeObserver;
  /** The current row; -1 for none. */
  current = -1;

  constructor(parts: TableParts) {
    this.#parts = parts;
    this.#scroller = parts.host;
    this.#body = document.createElement("div");
    this.#body.className = "v-body";
    this.#body.setAttribute("role", "rowgroup");
    this.#scroller.append(this.#body);
    this.#scroller.addEventListener("scroll", () => this.#soon(), { passive: true });
    this.#scroller.addEventListener("keydown", (event) => this.#key(event));
    this.#body.addEventListener("click", (event) => this.#click(event));
    this.#watcher = new ResizeObserver(() => this.#measure());
    this.#watcher.observe(this.#scroller);
  }

  /** How many rows there are, and how tall each is. All that are seen are filled anew. */
  show(count: number, height: number | ((at: number) => number)): void {
    const lines = new Rows(count, height);
    if (lines.height !== this.#lines.height) this.#body.style.height = `${lines.height}px`;
    this.#lines = lines;
    if (this.current >= count) this.current = count - 1;
    this.#forget();
    this.#soon();
  }

  /** Fills the rows that are seen anew. */
  refresh(): void {
    for (const [at, row] of this.#drawn) this.#fill(row, at);
  }

  /** Makes a row the current one, and brings it into sight. */
  move(to: number): void {
    if (this.#lines.count === 0) return;
    this.current = Math.min(this.#lines.count - 1, Math.max(0, to));
    const [top, end] = [this.#lines.top(this.current), this.#lines.top(this.current + 1)];
    const room = this.#tall - this.#head;
    if (top < this.#scroller.scrollTop) this.#scroller.scrollTop = top;
    else if (end > this.#scroller.scrollTop + room) this.#scroller.scrollTop = end - room;
    this.#draw();
    this.refresh();
    this.#parts.moved(this.current);
  }

  /** The rows that are seen, as they were told the last time. */
  get seen(): readonly [number, number] {
    return this.#seen;
  }

  leave(): void {
    this.#watcher.disconnect();
    cancelAnimationFrame(this.#asked);
    this.#body.remove();
  }

  #measure(): void {
    this.#tall = this.#scroller.clientHeight;
    this.#head = this.#body.offsetTop;
    this.#soon();
  }

  #soon(): void {
    this.#asked ||= requestAnimationFrame(() => {
      this.#asked = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const { scrollTop } = this.#scroller;
    // The first time those that are seen come alone, and the others in the frame after.
    const spare = this.#drawn.size + this.#rows.length > 0 ? SPARE : 0;
    const first = Math.max(0, this.#lines.at(scrollTop) - spare);
    const last = Math.min(this.#lines.count, this.#lines.at(scrollTop + this.#tall) + 1 + spare);
    for (const [at, row] of this.#drawn) {
      if (at >= first && at < last) continue;
      this.#drawn.delete(at);
      this.#rows.push(row);
    }
    for (let at = first; at < last; at += 1) {
      if (!this.#drawn.has(at)) this.#place(at);
    }
    for (const row of this.#rows) if (!row.hidden) row.hidden = true;
    if (first !== this.#seen[0] || last !== this.#seen[1]) {
      this.#seen = [first, last];
      this.#parts.seen?.(first, last);
    }
    if (spare === 0 && this.#drawn.size > 0) this.#soon();
  }

  #place(at: number): void {
    const row = this.#rows.pop() ?? this.#made();
    if (row.hidden) row.hidden = false;
    const place = `translateY(${this.#lines.top(at)}px)`;
    if (row.style.transform !== place) row.style.transform = place;
    this.#drawn.set(at, row);
    this.#fill(row, at);
  }

  #made(): HTMLElement {
    const row = document.createElement("div");
    row.className = "v-row";
    row.setAttribute("role", "row");
    this.#parts.make(row);
    this.#body.append(row);
    return row;
  }

  #fill(row: HTMLElement, at: number): void {
    set(row, "id", `row-${at}`);
    // The head is the first row.
    set(row, "aria-rowindex", String(at + 2));
    row.classList.toggle("current", at === this.current);
    this.#parts.fill(row, at);
    if (at === this.current) this.#scroller.setAttribute("aria-activedescendant", (this.#parts.activeIn?.(row, at) ?? row).id);
  }

  #forget(): void {
    this.#scroller.removeAttribute("aria-activedescendant");
    // Backwards: the row that stood highest is taken first, and mostly stands there again.
    this.#rows.push(...[...this.#drawn.values()].reverse());
    this.#drawn.clear();
    this.#seen = [0, 0];
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, this.#lines.at(this.#scroller.scrollTop + this.#tall - this.#head) - this.#lines.at(this.#scroller.scrollTop) - 1);
    const to: Readonly<Record<string, number>> = {
      ArrowDown: this.current + 1, ArrowUp: this.current - 1, PageDown: this.current + page, PageUp: this.current - page, Home: 0, End: this.#lines.count - 1,
    };
    const wanted = to[event.key];
    if (wanted !== undefined) this.move(wanted);
    else if (event.key === "Enter" && this.current >= 0) this.#parts.open(this.current);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #click(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    const row = target?.closest<HTMLElement>(".v-row");
    if (!row || !target) return;
    const at = Number(row.id.slice(4));
    this.move(at);
    this.#parts.clicked?.(at, target, event);
  }
}
