// How much of what waited has come, since somebody looks?
//
// The hub says what still waits, not what waited at the most: the bar begins at the most that was seen here.
export interface Progress {
  done: number;
  total: number;
}

export class Drained {
  #most = 0;

  /** What is waiting now; none when that is reckoned, for the bar shows counted things alone. */
  seen(waiting: { ticks: number; estimated: boolean }, draining: boolean): Progress | undefined {
    if (!draining || waiting.estimated) {
      this.#most = 0;
      return undefined;
    }
    this.#most = Math.max(this.#most, waiting.ticks);
    return this.#most === 0 ? undefined : { done: this.#most - waiting.ticks, total: this.#most };
  }
}
