// What do all charts of a page have in common? One cursor, and a bound on how many are drawn.
import { untrack } from "svelte";

/** Canvases that live at once: each costs memory and time, and nobody sees more. */
export const MOST_CANVASES = 12;

class Shared {
  /** The moment that the cursor stands at, in all charts. */
  at = $state<number | undefined>();
  /** Those within the window, in the order in which they came. */
  #wish = $state.raw<readonly symbol[]>([]);

  /** Wishes for a canvas; gives what takes the wish back. */
  enter(own: symbol): () => void {
    // Who wishes does not wait for what others wish.
    this.#wish = [...untrack(() => this.#wish), own];
    return () => (this.#wish = this.#wish.filter((one) => one !== own));
  }

  /** Whether it may draw now. */
  may(own: symbol): boolean {
    const place = this.#wish.indexOf(own);
    return place >= 0 && place < MOST_CANVASES;
  }
}

export const shared = new Shared();
