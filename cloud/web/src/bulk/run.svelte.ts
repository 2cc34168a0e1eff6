// Many wishes, a few at a time. What failed says why, and can be asked for again: each bears a key of its own, so that one whose
// answer was lost is done once all the same.
import { onceKey } from "../api/once.ts";
import { wrongOf } from "../say/wrong.ts";
import type { Wish } from "./plan.ts";

export type State = "waits" | "runs" | "done" | "failed";

export interface Item {
  wish: Wish;
  once: string;
  state: State;
  why: string;
}

/** So many are under way: the hub does them one after the other anyway, and others use it too. */
const AT_ONCE = 4;

export type Send = (path: string, body: unknown, once: string) => Promise<unknown>;

export class Run {
  items = $state<Item[]>([]);
  busy = $state(false);
  stopped = $state(false);
  #send: Send;

  constructor(wishes: readonly Wish[], how: Send) {
    this.#send = how;
    this.items = wishes.map((wish) => ({ wish, once: onceKey(), state: "waits", why: "" }));
  }

  count(state: State): number {
    return this.items.reduce((n, item) => n + Number(item.state === state), 0);
  }

  /** Does what was not done: all at first, afterwards what failed. */
  async start(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.stopped = false;
    for (const item of this.items) if (item.state === "failed") item.state = "waits";
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.#work()));
    this.busy = false;
  }

  /** What was not begun is not begun any more. */
  stop(): void {
    this.stopped = true;
  }

  async #work(): Promise<void> {
    for (let item = this.#next(); item && !this.stopped; item = this.#next()) {
      item.state = "runs";
      try {
        await this.#send(item.wish.path, item.wish.body, item.once);
        item.state = "done";
        item.why = "";
      } catch (error) {
        item.state = "failed";
        item.why = wrongOf(error);
      }
    }
  }

  #next(): Item | undefined {
    return this.items.find((item) => item.state === "waits");
  }
}
