// How is much drawn without holding up the hand? A slice at a time, between which the browser paints and listens.
import { untrack } from "svelte";
import { breath } from "./breath.ts";

/** How many of so many stand by now: `first` at once, and so many more after each breath. What stands is not taken away again. */
export function slices(wanted: () => number, first: number, more: number): () => number {
  let standing = $state(first);
  $effect(() => {
    if (standing >= wanted()) return;
    let left = false;
    void breath().then(() => {
      if (!left) untrack(() => (standing += more));
    });
    return () => (left = true);
  });
  return () => standing;
}
