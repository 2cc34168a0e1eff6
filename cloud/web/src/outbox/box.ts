// Keeps what people decided until the hub has it: in order, durable here before it is sent, and done there once.
import { onceKey } from "../api/once.ts";
import type { Cupboard, Tx } from "../kept/cupboard.ts";
import type { Problem } from "../api/problem.ts";
import { KNOWN_AGAIN_MS, MOST_WAITING, MOST_WAITING_BYTES, photoOf, SHOWN_MS, type Entry, type Photo, type Says, type Word } from "./entry.ts";

/** What came of sending one. */
export type Heard =
  | { kind: "done" }
  | { kind: "refused"; why: string; problem?: Problem }
  /** Nobody answered, or nobody could now: it is sent again. */
  | { kind: "later" };

export class TooMany extends Error {}

export class Box {
  #cupboard: Cupboard;
  #now: () => number;

  constructor(cupboard: Cupboard, now: () => number) {
    this.#cupboard = cupboard;
    this.#now = now;
  }

  get durable(): boolean {
    return this.#cupboard.durable;
  }

  /** Somebody decides: it is durable here when this answers. */
  add(own: { who: string; incident: string; about: string; word: Word; says: Says }, photo?: Photo): Promise<Entry> {
    return this.#cupboard.change(async (tx) => {
      const all = await tx.all<Entry>("outbox");
      const waiting = all.filter((one) => one.state !== "sent");
      const bytes = photo?.content.byteLength;
      const most = waiting.reduce((sum, one) => sum + (one.bytes ?? 0), bytes ?? 0);
      if (waiting.length >= MOST_WAITING || most > MOST_WAITING_BYTES) throw new TooMany();
      const seq = all.reduce((most, one) => Math.max(most, one.seq), 0) + 1;
      const entry: Entry = { ...own, seq, key: onceKey(), doneAt: Math.round(this.#now()), state: "waiting", ...(bytes !== undefined && { bytes }) };
      if (photo) await tx.put("photos", { name: photoOf(seq), ...photo });
      await tx.put("outbox", entry);
      return entry;
    });
  }

  /** All of this person's, in order; what was sent long ago goes. */
  of(who: string): Promise<Entry[]> {
    return this.#cupboard.change(async (tx) => {
      const all = await tx.all<Entry>("outbox");
      const isOld = (one: Entry) => one.state === "sent" && this.#now() - (one.sentAt ?? 0) > SHOWN_MS;
      for (const one of all.filter(isOld)) await tx.remove("outbox", one.seq);
      return all.filter((one) => one.who === who && !isOld(one)).sort((a, b) => a.seq - b.seq);
    });
  }

  /** Throws one away. */
  drop(seq: number): Promise<void> {
    return this.#cupboard.change(async (tx) => {
      await tx.remove("outbox", seq);
      await tx.remove("photos", photoOf(seq));
    });
  }

  /** The photo of one that waits. */
  photo(seq: number): Promise<Photo | undefined> {
    return this.#cupboard.change((tx) => tx.get<Photo>("photos", photoOf(seq)));
  }

  /** Sends one again that was refused or is unsure, with other words perhaps: as another one, in its place. */
  again(seq: number, says: Says): Promise<void> {
    return this.#change(seq, (one) => {
      if (one.state === "sent" || (one.state === "waiting" && one.triedAt !== undefined)) return one;
      const { triedAt: _, why: __, problem: ___, ...rest } = one;
      return { ...rest, says, key: onceKey(), state: "waiting" };
    });
  }

  /**
   * Sends what waits of this person, words or photos, one after the other, until one finds nobody. Says whether nothing of it waits
   * any more. Photos are sent apart: over a thin line one takes as long as a hundred decisions, and nobody waits for a decision
   * behind it.
   */
  async flush(who: string, post: (entry: Entry, photo?: Photo) => Promise<Heard>, photos = false): Promise<boolean> {
    for (const entry of await this.of(who)) {
      if (entry.state !== "waiting" || (entry.word === "photo") !== photos) continue;
      if (this.#now() - (entry.triedAt ?? this.#now()) > KNOWN_AGAIN_MS) {
        await this.#change(entry.seq, (one) => ({ ...one, state: "unsure" }));
        continue;
      }
      // It is written down that it may have arrived before it can.
      const begun = await this.#begin(entry.seq);
      if (!begun) continue;
      const heard = await post(begun, photos ? await this.photo(begun.seq) : undefined);
      if (heard.kind === "later") return false;
      await this.#change(entry.seq, (one) =>
        heard.kind === "done"
          ? { ...one, state: "sent", sentAt: this.#now() }
          : { ...one, state: "refused", why: heard.why, ...(heard.problem && { problem: heard.problem }) },
      );
      // It is at the hub, and takes no more room here.
      if (heard.kind === "done" && photos) await this.#cupboard.change((tx) => tx.remove("photos", photoOf(entry.seq)));
    }
    return true;
  }

  #begin(seq: number): Promise<Entry | undefined> {
    return this.#cupboard.change(async (tx) => {
      const one = await tx.get<Entry>("outbox", seq);
      // It was thrown away meanwhile, or another page was faster.
      if (one?.state !== "waiting") return undefined;
      const begun = { ...one, triedAt: one.triedAt ?? this.#now() };
      await tx.put("outbox", begun);
      return begun;
    });
  }

  #change(seq: number, to: (one: Entry) => Entry): Promise<void> {
    return this.#cupboard.change(async (tx: Tx) => {
      const one = await tx.get<Entry>("outbox", seq);
      if (one) await tx.put("outbox", to(one));
    });
  }
}
