// The one stream of events from the hub: what changes, told once to all parts of the page.
//
// It goes on after the last event that was seen. While it stands, what the page shows is watched over; while it does not, the
// page says so and counts down to the next try. EventSource would do all of this but the saying.
import { backoff } from "./backoff.ts";
import { EventReader, type Told } from "./sse.ts";

export type StreamState = "connecting" | "open" | "waiting";

/** The hub says something each ten seconds: after this the stream is late, after `DEAD_MS` it is given up. */
export const LATE_MS = 15_000;
const DEAD_MS = 30_000;

type Listener = (told: Told) => void;

class Stream {
  state = $state<StreamState>("connecting");
  /** When something last came, by the steady clock; none before the first time. */
  heardAt = $state<number | undefined>();
  /** When the next try begins, by the steady clock. */
  retryAt = $state(0);
  attempt = $state(0);

  #listeners = new Map<string, Set<Listener>>();
  #reader = new EventReader();
  #abort: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;

  /** Begins; and again when the browser is back, or somebody wishes to try now. */
  start(): void {
    this.#watch ??= setInterval(() => this.#look(), 1000);
    void this.#read();
  }

  /** Hears of events of some kinds; `reset` says that some were missed. Gives what ends it. */
  on(kinds: readonly string[], listener: Listener): () => void {
    for (const kind of kinds) {
      let all = this.#listeners.get(kind);
      if (!all) this.#listeners.set(kind, (all = new Set()));
      all.add(listener);
    }
    return () => kinds.forEach((kind) => this.#listeners.get(kind)?.delete(listener));
  }

  async #read(): Promise<void> {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.state = "connecting";
    try {
      const headers: Record<string, string> = this.#reader.lastId ? { "last-event-id": this.#reader.lastId } : {};
      const response = await fetch("/api/v1/events", { headers, cache: "no-store", signal: abort.signal });
      if (response.status === 401) this.#tell({ kind: "ended", id: "", data: "" });
      if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
      this.#opened();
      const text = response.body.pipeThrough(new TextDecoderStream());
      for (const reader = text.getReader(); ; ) {
        const { value, done } = await reader.read();
        if (done) break;
        this.heardAt = performance.now();
        this.#reader.take(value).forEach((told) => this.#tell(told));
      }
    } catch {
      // Whatever broke it: it is tried again.
    }
    if (this.#abort === abort) this.#wait();
  }

  #opened(): void {
    const wasAway = this.attempt > 0;
    this.attempt = 0;
    this.state = "open";
    this.heardAt = performance.now();
    if (wasAway) this.#tell({ kind: "back", id: "", data: "" });
  }

  #wait(): void {
    this.attempt += 1;
    this.state = "waiting";
    const wait = backoff(this.attempt, Math.random());
    this.retryAt = performance.now() + wait;
    this.#timer = setTimeout(() => void this.#read(), wait);
  }

  #look(): void {
    const silent = performance.now() - (this.heardAt ?? performance.now());
    if (this.state === "open" && silent > DEAD_MS) this.#abort?.abort();
  }

  #tell(told: Told): void {
    this.#listeners.get(told.kind)?.forEach((listener) => listener(told));
  }
}

export const stream = new Stream();
