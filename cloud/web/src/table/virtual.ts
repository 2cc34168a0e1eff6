// A table of fifty thousand rows, of which those that are seen are in the document.
//
// Rows are made once and filled again and again; no framework stands between the scroll and the row. The focus stays on the
// table, which says which row is the current one; so no row that is used again takes the focus away with it.

export interface TableColumn {
  name: string;
  /** A width as CSS has it. */
  width: string;
}

export interface TableParts {
  host: HTMLElement;
  /** Makes the cells of a row, once. */
  make: (row: HTMLElement) => void;
  /** Fills a row that stands at this place. */
  fill: (row: HTMLElement, at: number) => void;
  open: (at: number) => void;
  moved: (at: number) => void;
}

/** Rows above and below those that are seen, so that a flick of the wheel finds them there. */
const SPARE = 8;

export class VirtualTable {
  #parts: TableParts;
  #scroller: HTMLElement;
  #body: HTMLElement;
  #rows: HTMLElement[] = [];
  #count = 0;
  #height = 28;
  #drawn = new Map<number, HTMLElement>();
  #asked = 0;
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
    this.#watcher = new ResizeObserver(() => this.#soon());
    this.#watcher.observe(this.#scroller);
  }

  /** How many rows there are, and how tall each is. All that are seen are filled anew. */
  show(count: number, height: number): void {
    this.#count = count;
    this.#height = height;
    this.#body.style.height = `${count * height}px`;
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
    if (this.#count === 0) return;
    this.current = Math.min(this.#count - 1, Math.max(0, to));
    const top = this.current * this.#height;
    const head = this.#body.offsetTop;
    const room = this.#scroller.clientHeight - head;
    if (top < this.#scroller.scrollTop) this.#scroller.scrollTop = top;
    else if (top + this.#height > this.#scroller.scrollTop + room) this.#scroller.scrollTop = top + this.#height - room;
    this.#draw();
    this.refresh();
    this.#parts.moved(this.current);
  }

  leave(): void {
    this.#watcher.disconnect();
    cancelAnimationFrame(this.#asked);
    this.#body.remove();
  }

  #soon(): void {
    this.#asked ||= requestAnimationFrame(() => {
      this.#asked = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const first = Math.max(0, Math.floor(this.#scroller.scrollTop / this.#height) - SPARE);
    const last = Math.min(this.#count, first + Math.ceil(this.#scroller.clientHeight / this.#height) + 2 * SPARE);
    for (const [at, row] of this.#drawn) {
      if (at >= first && at < last) continue;
      this.#drawn.delete(at);
      this.#rows.push(row);
    }
    for (let at = first; at < last; at += 1) {
      if (!this.#drawn.has(at)) this.#place(at);
    }
    for (const row of this.#rows) row.hidden = true;
  }

  #place(at: number): void {
    const row = this.#rows.pop() ?? this.#made();
    row.hidden = false;
    row.style.transform = `translateY(${at * this.#height}px)`;
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
    row.id = `row-${at}`;
    // The head is the first row.
    row.setAttribute("aria-rowindex", String(at + 2));
    row.classList.toggle("current", at === this.current);
    this.#parts.fill(row, at);
    if (at === this.current) this.#scroller.setAttribute("aria-activedescendant", row.id);
  }

  #forget(): void {
    this.#scroller.removeAttribute("aria-activedescendant");
    for (const row of this.#drawn.values()) this.#rows.push(row);
    this.#drawn.clear();
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / this.#height) - 2);
    const to: Readonly<Record<string, number>> = {
      ArrowDown: this.current + 1, ArrowUp: this.current - 1, PageDown: this.current + page, PageUp: this.current - page, Home: 0, End: this.#count - 1,
    };
    const wanted = to[event.key];
    if (wanted !== undefined) this.move(wanted);
    else if (event.key === "Enter" && this.current >= 0) this.#parts.open(this.current);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #click(event: MouseEvent): void {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>(".v-row") : null;
    if (!row) return;
    this.move(Number(row.id.slice(4)));
  }
}
