// The last copy of what somebody saw, for when the hub is out of reach.
//
// It is one person's. Whoever comes to where people sign in or out locks it; it opens again when the hub says that it is the
// same person, and goes when it says that it is another, or when somebody signs out. What is in it is never what is now.
import type { Cupboard, Tx } from "./cupboard.ts";

/** Older than this it helps nobody, and is shown to nobody. */
export const LONGEST_MS = 7 * 86_400_000;
/** All of it together, in characters: what a telephone spares. */
export const MOST_CHARS = 8_000_000;
/** One answer: a list of ten thousand machines is below it. */
const MOST_CHARS_EACH = 3_000_000;
/** Pages, their lists, and the incidents and machines that were opened last. */
export const MOST_COPIES = 120;
/** The same answer is kept again after so long. */
const AGAIN_MS = 15_000;

export interface Copy {
  key: string;
  text: string;
  /** When the hub gave it, at the hub. */
  at: number;
}

/** Whose what is kept is. */
export interface Owner {
  name: "owner";
  who: string;
  locked: boolean;
}

const KEPT = /^\/api\/v1\/(me|here|sites|incidents|machines|maintenance|availability)(?=[/?]|$)(?!.*\/raw)/;

/** Under which key an answer is kept; nothing for what is not. When somebody looked is no part of it. */
export function keyOf(path: string): string | undefined {
  return KEPT.test(path) ? path.replace(/([?&](?:since|from|to|start|end)=)[^&]*/g, "$1*") : undefined;
}

/** Who is meant by what the hub says of whoever asks. */
export function whoOf(me: { name: string; person?: { id: string } | null; seeing?: unknown }): string {
  if (!me.person) return `token ${me.name}`;
  return me.seeing ? `seen ${me.person.id}` : `person ${me.person.id}`;
}

export class Copies {
  #cupboard: Cupboard;
  #now: () => number;
  #sizes: Map<string, { chars: number; at: number }> | undefined;

  constructor(cupboard: Cupboard, now: () => number) {
    this.#cupboard = cupboard;
    this.#now = now;
  }

  /** The hub says who it is: what another one saw goes. */
  signedIn(who: string): Promise<void> {
    return this.#cupboard.change(async (tx) => {
      const owner = await ownerOf(tx);
      if (owner?.who !== who) await this.#clear(tx);
      if (owner?.who !== who || owner.locked) await tx.put("meta", { name: "owner", who, locked: false } satisfies Owner);
    });
  }

  /** Somebody may come who is another one: nobody is shown anything until the hub says who it is. */
  lock(): Promise<void> {
    return this.#cupboard.change(async (tx) => {
      const owner = await ownerOf(tx);
      if (owner && !owner.locked) await tx.put("meta", { ...owner, locked: true });
    });
  }

  /** Somebody signs out: nothing stays, nor what they wanted to be sent. */
  wipe(): Promise<void> {
    return this.#cupboard.change(async (tx) => {
      await this.#clear(tx);
      await tx.clear("outbox");
      await tx.clear("photos");
      await tx.clear("meta");
    });
  }

  /** Whose it is, if it is open. */
  owner(): Promise<string | undefined> {
    return this.#cupboard.change(async (tx) => {
      const owner = await ownerOf(tx);
      return owner && !owner.locked ? owner.who : undefined;
    });
  }

  /** Keeps an answer of the hub to this person. */
  async keep(who: string, path: string, said: () => string, at: number): Promise<void> {
    const key = keyOf(path);
    if (key === undefined) return;
    const sizes = await this.#known();
    const before = sizes.get(key);
    if (before && at - before.at < AGAIN_MS) return;
    const text = said();
    if (text.length > MOST_CHARS_EACH) return;
    await this.#cupboard.change(async (tx) => {
      const owner = await ownerOf(tx);
      // Somebody signed out, or another one in, while this page stood open.
      if (owner?.who !== who || owner.locked) return;
      await tx.put("copies", { key, text, at } satisfies Copy);
      sizes.set(key, { chars: text.length, at });
      for (const oldest of tooMuch(sizes)) {
        await tx.remove("copies", oldest);
        sizes.delete(oldest);
      }
    });
  }

  /** The last copy of an answer, if it may be shown. */
  find(path: string): Promise<{ body: unknown; at: number } | undefined> {
    const key = keyOf(path);
    if (key === undefined) return Promise.resolve(undefined);
    return this.#cupboard.change(async (tx) => {
      const owner = await ownerOf(tx);
      const copy = owner && !owner.locked ? await tx.get<Copy>("copies", key) : undefined;
      if (!copy || this.#now() - copy.at > LONGEST_MS) return undefined;
      return { body: JSON.parse(copy.text) as unknown, at: copy.at };
    });
  }

  async #known(): Promise<Map<string, { chars: number; at: number }>> {
    if (!this.#sizes) {
      const all = await this.#cupboard.change((tx) => tx.all<Copy>("copies"));
      this.#sizes ??= new Map(all.map(({ key, text, at }) => [key, { chars: text.length, at }]));
    }
    return this.#sizes;
  }

  async #clear(tx: Tx): Promise<void> {
    await tx.clear("copies");
    this.#sizes = new Map();
  }
}

const ownerOf = (tx: Tx): Promise<Owner | undefined> => tx.get<Owner>("meta", "owner");

/** The oldest, until the rest fits. */
function tooMuch(sizes: ReadonlyMap<string, { chars: number; at: number }>): string[] {
  const all = [...sizes].sort(([, a], [, b]) => a.at - b.at);
  let chars = all.reduce((sum, [, one]) => sum + one.chars, 0);
  let count = all.length;
  const gone: string[] = [];
  for (const [key, one] of all) {
    if (chars <= MOST_CHARS && count <= MOST_COPIES) break;
    gone.push(key);
    chars -= one.chars;
    count -= 1;
  }
  return gone;
}
