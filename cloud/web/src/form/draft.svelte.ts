// Something that is being written: what it was when somebody began, what it is now, and what came of saving it.
import { announcer } from "../announce.svelte.ts";
import type { Answer } from "../api/client.ts";
import { differences, type Difference } from "./differ.ts";
import { faultOf, type Fault, type Fields } from "./fault.ts";
import { guard } from "./leave.svelte.ts";

export interface Seen<T> {
  said: T;
  /** What `If-Match` takes; none of what is new. */
  etag: string | undefined;
}

export interface Theirs<T> extends Seen<T> {
  differences: Difference[];
}

interface Options<T> {
  fields: Fields;
  /** Sends it; `match` is the version that was seen. */
  save: (said: T, match: string | undefined) => Promise<unknown>;
  /** What is there now: asked when somebody else changed it. */
  look?: (said: T) => Promise<Seen<T>>;
  /** What is said when it is done. */
  done: () => string;
}

export class Draft<T> {
  said: T = $state() as T;
  busy = $state(false);
  fault = $state.raw<Fault | undefined>();
  /** What somebody else made of it meanwhile. */
  theirs = $state.raw<Theirs<T> | undefined>();
  #began = $state("");
  #seen: Seen<T>;
  readonly #options: Options<T>;

  constructor(seen: Seen<T>, options: Options<T>) {
    this.#options = options;
    this.#seen = seen;
    this.said = structuredClone(seen.said);
    this.#began = JSON.stringify(this.said);
    guard(() => this.changed);
  }

  changed: boolean = $derived.by(() => JSON.stringify(this.said) !== this.#began);

  /** What belongs to a field, where it is that which was refused. */
  at = (field: string): string => (this.fault?.field === field ? this.fault.text : "");

  /** Whether it was saved. */
  async save(): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.fault = undefined;
    try {
      await this.#options.save($state.snapshot(this.said) as T, this.#seen.etag);
      this.#began = JSON.stringify(this.said);
      this.theirs = undefined;
      announcer.say(this.#options.done());
      return true;
    } catch (error) {
      await this.#failed(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Goes on from what somebody else made of it; what was typed here is left. */
  takeTheirs(): void {
    if (!this.theirs) return;
    this.#seen = this.theirs;
    this.said = structuredClone(this.theirs.said);
    this.#began = JSON.stringify(this.said);
    this.theirs = this.fault = undefined;
  }

  /** Saves what stands here over what somebody else made of it, having seen that. */
  async writeOver(): Promise<boolean> {
    if (!this.theirs) return false;
    this.#seen = { said: this.#seen.said, etag: this.theirs.etag };
    return this.save();
  }

  async #failed(error: unknown): Promise<void> {
    const fault = faultOf(error, this.#options.fields);
    if (fault.outdated && this.#options.look) {
      try {
        const now = await this.#options.look($state.snapshot(this.said) as T);
        this.theirs = { ...now, differences: differences(this.#seen.said, now.said) };
      } catch {
        // It may be gone by now; what the hub said of the write is shown all the same.
        this.theirs = undefined;
      }
    }
    this.fault = fault;
    announcer.cry(fault.text);
  }
}

/** What was asked, as the beginning of a draft. */
export const seenAs = <T, S>(answer: Answer<T>, said: (body: T) => S): Seen<S> => ({ said: said(answer.body), etag: answer.etag });
