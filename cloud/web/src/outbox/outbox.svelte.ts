// What waits on this device to be sent, as the page shows it and has it sent.
import { box } from "../kept/kept.ts";
import { stream } from "../live/stream.svelte.ts";
import { looker } from "../me.svelte.ts";
import { TooMany } from "./box.ts";
import type { Entry, Photo, Says, Word } from "./entry.ts";
import { post } from "./post.ts";
import { inTurn } from "./turn.ts";

/** While something waits it is tried again after so long, whatever else tells that there is a line. */
const AGAIN_MS = 15_000;
/** Nobody waits longer for the hub's word before they go on: it is kept here, and shown until it is there. */
const SOON_MS = 1500;

class Outbox {
  entries = $state.raw<readonly Entry[]>([]);
  /** Whether it outlives this page. */
  durable = $state(true);

  waiting = $derived(this.entries.filter((one) => one.state === "waiting").length);
  /** What asks for somebody's own word: it was refused, or is unsure. */
  stuck = $derived(this.entries.filter((one) => one.state === "refused" || one.state === "unsure").length);

  #others = new BroadcastChannel("vigie-outbox");

  /** Begins to send what waits from before, and from now on whenever there is a line. */
  start(): void {
    this.#others.onmessage = () => void this.look();
    stream.on(["ready"], () => void this.flush());
    addEventListener("online", () => void this.flush());
    setInterval(() => this.waiting > 0 && void this.flush(), AGAIN_MS);
  }

  /** What is known of an incident here and nowhere else yet. */
  of(incident: string): readonly Entry[] {
    return this.entries.filter((one) => one.incident === incident);
  }

  /** Somebody decides. What is answered is how far it came: it waits here when the hub was not heard. */
  async decide(own: { incident: string; about: string; word: Word; says: Says }, photo?: Photo): Promise<Entry | TooMany> {
    const parts = await box;
    try {
      const entry = await parts.add({ ...own, who: looker.who ?? "" }, photo);
      await Promise.race([this.flush(), new Promise((done) => setTimeout(done, SOON_MS))]);
      return this.entries.find((one) => one.seq === entry.seq) ?? entry;
    } catch (error) {
      if (error instanceof TooMany) return error;
      throw error;
    }
  }

  /** Somebody decides of many at once. What is answered is how far how many came. */
  async decideAll(all: readonly { incident: string; about: string; word: Word; says: Says }[]): Promise<{ sent: number; waits: number; refused: number; full: number }> {
    const parts = await box;
    const seqs = new Set<number>();
    for (const own of all) {
      const entry = await parts.add({ ...own, who: looker.who ?? "" }).catch((error: unknown) => {
        if (!(error instanceof TooMany)) throw error;
        return undefined;
      });
      if (!entry) break;
      seqs.add(entry.seq);
    }
    await Promise.race([this.flush(), new Promise((done) => setTimeout(done, SOON_MS))]);
    await this.look();
    const own = this.entries.filter(({ seq }) => seqs.has(seq));
    const count = (...states: Entry["state"][]) => own.filter(({ state }) => states.includes(state)).length;
    return { sent: count("sent"), waits: count("waiting", "unsure"), refused: count("refused"), full: all.length - seqs.size };
  }

  async drop(seq: number): Promise<void> {
    await (await box).drop(seq);
    await this.#changed();
  }

  async again(seq: number, says: Says): Promise<void> {
    await (await box).again(seq, says);
    await this.flush();
  }

  async flush(): Promise<void> {
    const who = looker.who;
    if (who === undefined) return;
    const parts = await box;
    await this.look();
    if (this.waiting === 0) return this.#changed();
    await inTurn(() => parts.flush(who, post));
    await this.#changed();
    if (!this.entries.some((one) => one.state === "waiting" && one.word === "photo")) return;
    await inTurn(() => parts.flush(who, post, true), "photos");
    await this.#changed();
  }

  /** The photo of one that waits here. */
  async photo(seq: number): Promise<Photo | undefined> {
    return (await box).photo(seq);
  }

  /** Reads what is kept. */
  async look(): Promise<void> {
    const parts = await box;
    this.durable = parts.durable;
    this.entries = looker.who === undefined ? [] : await parts.of(looker.who);
  }

  async #changed(): Promise<void> {
    await this.look();
    this.#others.postMessage("changed");
  }
}

export const outbox = new Outbox();
