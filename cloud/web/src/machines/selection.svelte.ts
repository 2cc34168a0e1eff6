// Which machines has somebody chosen, to do something with all of them? Kept by id, whatever is filtered or comes anew.

/** How many of these rows are chosen. Given what is asked, and not where it stands: to ask a signal fifty thousand times takes long. */
export function held(rows: readonly number[], idOf: (at: number) => string, ids: ReadonlySet<string>): number {
  let count = 0;
  for (const at of rows) if (ids.has(idOf(at))) count += 1;
  return count;
}

export class Selection {
  /** Another number whenever it is another choice: the set itself tells nobody. */
  version = $state(0);
  #ids = new Set<string>();

  get ids(): ReadonlySet<string> {
    void this.version;
    return this.#ids;
  }

  get size(): number {
    void this.version;
    return this.#ids.size;
  }

  set(ids: Iterable<string>, on: boolean): void {
    for (const id of ids) if (on) this.#ids.add(id); else this.#ids.delete(id);
    this.version += 1;
  }

  clear(): void {
    this.#ids = new Set();
    this.version += 1;
  }

  /** Ids are told as far as it takes to know them apart: when that becomes more or less, the same machines stay chosen. */
  follow(ids: readonly string[]): void {
    const [old] = this.#ids;
    const length = ids[0]?.length;
    if (old === undefined || length === undefined || old.length === length) return;
    const short = Math.min(old.length, length);
    const begun = new Set([...this.#ids].map((id) => id.slice(0, short)));
    this.#ids = new Set(ids.filter((id) => begun.has(id.slice(0, short))));
    this.version += 1;
  }
}
