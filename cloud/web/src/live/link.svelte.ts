// The link between this browser and the hub, as the page says it.
import { ticking } from "./now.svelte.ts";
import { LATE_MS, stream } from "./stream.svelte.ts";
import { BLIND_AFTER_MS, truthOf, type Truth } from "./truth.ts";

class Link {
  /** When the hub last answered anything, at the hub. */
  answeredAt = $state<number | undefined>();
  /** How long an answer took, in ms. */
  roundTrip = $state<number | undefined>();
  /** When the newest was so of what an earlier page saw and this one shows; none while all is of its own asking. */
  copyOf = $state<number | undefined>();

  /** Milliseconds since the stream was heard; counts on each second. */
  silentMs = $derived.by(() => {
    void ticking.now;
    return stream.heardAt === undefined ? undefined : Math.max(0, performance.now() - stream.heardAt);
  });

  truth: Truth = $derived(
    truthOf({
      open: stream.state === "open", silentMs: this.silentMs, lateAfterMs: LATE_MS, copied: this.copyOf !== undefined,
    }),
  );

  /** Since when nothing is confirmed. */
  lastAt = $derived(this.copyOf ?? this.answeredAt);

  /** Nothing is shown as being so now: colours go, and each value says since when it is not verified. */
  blind = $derived(this.copyOf !== undefined || (this.silentMs !== undefined && this.silentMs > BLIND_AFTER_MS));

  /** Seconds until the next try. */
  retryIn = $derived.by(() => {
    void ticking.now;
    return Math.max(0, Math.ceil((stream.retryAt - performance.now()) / 1000));
  });

  #copies = new Map<object, number>();

  /** A part of the page shows what an earlier page saw, from then; or does so no more. */
  showsCopy(part: object, at: number | undefined): void {
    if (at === undefined && !this.#copies.delete(part)) return;
    if (at !== undefined) this.#copies.set(part, at);
    this.copyOf = this.#copies.size ? Math.max(...this.#copies.values()) : undefined;
  }
}

export const link = new Link();
