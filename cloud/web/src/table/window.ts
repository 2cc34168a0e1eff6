// Which rows are seen? Rows of one height, or each of its own.

export class Rows {
  readonly count: number;
  /** All of them, in px. */
  readonly height: number;
  #same: number;
  /** Where each begins, and where the last ends; none where all are of one height. */
  #tops: Float64Array | undefined;

  constructor(count: number, height: number | ((at: number) => number)) {
    this.count = count;
    this.#same = typeof height === "number" ? height : 0;
    if (typeof height !== "number") {
      this.#tops = new Float64Array(count + 1);
      for (let at = 0; at < count; at += 1) this.#tops[at + 1] = (this.#tops[at] ?? 0) + height(at);
    }
    this.height = this.top(count);
  }

  /** Where a row begins. */
  top(at: number): number {
    return this.#tops ? (this.#tops[at] ?? 0) : at * this.#same;
  }

  /** The row that is at a height, as far as there are rows. */
  at(y: number): number {
    const tops = this.#tops;
    if (!tops) return Math.min(this.count, Math.max(0, Math.floor(y / this.#same)));
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((tops[middle + 1] ?? 0) > y) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
