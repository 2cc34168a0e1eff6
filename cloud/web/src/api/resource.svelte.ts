// Something that the hub knows, kept up to date while it is on the page.
//
// The copy comes first and the network second: what was answered the last time is there at once, with its time. What an
// earlier page saw comes when the hub does not answer, and says that it is a copy.
import { untrack } from "svelte";
import { recall } from "../kept/kept.ts";
import { link } from "../live/link.svelte.ts";
import { stream } from "../live/stream.svelte.ts";
import { copyOf, get, getAll, type Answer } from "./client.ts";
import type { Paged } from "./pages.ts";
import { OutOfReach, Refused, type Problem } from "./problem.ts";

export interface ResourceOptions<T = unknown> {
  /** Asked again after so long at the latest. */
  everyMs?: number;
  /** Events after which it is asked again. */
  on?: readonly string[];
  /** It comes a page at a time, and all of it is wanted: what one page and the next come to. */
  join?: (one: T & Paged, next: T & Paged) => T & Paged;
}

/** Changes come in flocks: a cut site is many events within a second. */
const FLOCK_MS = 300;
/** Asked nobody sooner than this, whatever happens. */
const LEAST_MS = 1000;
/** A hub that has not answered by then is slow enough for the copy to be of use. */
const SLOW_MS = 2000;

export class Resource<T> {
  data = $state.raw<T | undefined>();
  /** When the hub gave or confirmed it. */
  at = $state<number | undefined>();
  /** What `If-Match` takes, where it is of something that people change. */
  etag = $state<string | undefined>();
  /** Why it could not be had the last time. */
  problem = $state<Problem | undefined>();
  /** The hub did not answer the last time. */
  outOfReach = $state(false);
  loading = $state(false);
  /** It is what an earlier page saw: never what is now. */
  copied = $state(false);

  #path: string | undefined;
  #abort: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #askedAt = -Infinity;
  #ask: (path: string, signal: AbortSignal) => Promise<Answer<T>>;

  constructor(join?: ResourceOptions<T>["join"]) {
    this.#ask = (path, signal) => (join ? getAll(path, join, signal) : get<T>(path, signal));
  }

  /** Shows what is at a path from now on. */
  show(path: string): void {
    if (path === this.#path) return;
    this.#path = path;
    const copy = copyOf<T>(path);
    this.data = copy?.body;
    this.at = copy?.at;
    this.etag = copy?.etag;
    this.#showsCopy(undefined);
    this.problem = undefined;
    this.#askedAt = -Infinity;
    void this.load();
  }

  /** Asks for it now. */
  async load(): Promise<void> {
    const path = this.#path;
    if (path === undefined) return;
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.loading = true;
    this.#askedAt = performance.now();
    const slow = setTimeout(() => void this.#recall(path, abort), SLOW_MS);
    try {
      const answer = await this.#ask(path, abort.signal);
      if (this.#abort !== abort) return;
      this.data = answer.body;
      this.at = answer.at;
      this.etag = answer.etag;
      this.#showsCopy(undefined);
      this.problem = undefined;
      this.outOfReach = false;
    } catch (error) {
      if (this.#abort !== abort) return;
      if (error instanceof OutOfReach) await this.#recall(path, abort);
      if (this.#abort !== abort) return;
      this.outOfReach = error instanceof OutOfReach;
      this.problem = error instanceof Refused ? error.problem : undefined;
    } finally {
      clearTimeout(slow);
    }
    this.loading = false;
  }

  /** Shows what an earlier page saw, where this one has nothing. */
  async #recall(path: string, abort: AbortController): Promise<void> {
    if (this.data !== undefined) return;
    const copy = await recall<T>(path).catch(() => undefined);
    if (!copy || this.#abort !== abort || this.data !== undefined) return;
    this.data = copy.body;
    this.at = copy.at;
    this.#showsCopy(copy.at);
  }

  #showsCopy(at: number | undefined): void {
    this.copied = at !== undefined;
    link.showsCopy(this, at);
  }

  /** Asks for it soon, once for all that happen meanwhile. */
  soon(): void {
    if (this.#timer !== undefined) return;
    const wait = Math.max(FLOCK_MS, this.#askedAt + LEAST_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.load();
    }, wait);
  }

  leave(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.#showsCopy(undefined);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** To be called where a component begins: what is at the path, up to date until the component goes. */
export function resource<T>(path: () => string | undefined, options: ResourceOptions<T> = {}): Resource<T> {
  const own = new Resource<T>(options.join);
  $effect.pre(() => {
    const wanted = path();
    if (wanted !== undefined) untrack(() => own.show(wanted));
  });
  $effect(() => {
    const off = stream.on([...(options.on ?? []), "reset", "back"], () => own.soon());
    const again = () => document.hidden || own.soon();
    const timer = setInterval(again, options.everyMs ?? 60_000);
    document.addEventListener("visibilitychange", again);
    return () => {
      off();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", again);
      own.leave();
    };
  });
  return own;
}
