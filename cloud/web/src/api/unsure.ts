// Which writes had no answer? Sent again they bear the key that they bore, so that the hub does each of them once.

/** Who sends the same after so long means another one. */
const UNSURE_MS = 10 * 60_000;

export class Unsure {
  readonly #keys = new Map<string, { key: string; at: number }>();
  readonly #fresh: () => string;

  constructor(fresh: () => string) {
    this.#fresh = fresh;
  }

  /** The key of a write: that of the same one whose answer was lost, or a new one. */
  keyOf(write: string, now: number): string {
    const known = this.#keys.get(write);
    if (known && now - known.at < UNSURE_MS) return known.key;
    for (const [old, { at }] of this.#keys) if (now - at >= UNSURE_MS) this.#keys.delete(old);
    const key = this.#fresh();
    this.#keys.set(write, { key, at: now });
    return key;
  }

  /** The hub has answered, whatever it said. */
  answered(write: string): void {
    this.#keys.delete(write);
  }
}
