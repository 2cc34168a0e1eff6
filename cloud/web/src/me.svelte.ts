// Who looks, and what may they? A thing that they may not do is shown as such, with the reason; the hub decides in any case.
import { get } from "./api/client.ts";
import { OutOfReach, Refused } from "./api/problem.ts";
import type { Here, Me, Right } from "./api/types.ts";
import { whoOf } from "./kept/copies.ts";
import { copies, isNow, recall } from "./kept/kept.ts";

/** Rights that there are of one machine, too. */
const OF_MACHINES: readonly Right[] = ["look", "decide", "fetch"];

class Looker {
  me = $state.raw<Me | undefined>();
  here = $state.raw<Here | undefined>();
  /** The session is over: nothing is asked any more. */
  ended = $state(false);
  /** Whose what is kept in this browser is. */
  who = $state<string | undefined>();

  async load(): Promise<void> {
    try {
      const [me, here] = await Promise.all([get<Me>("/api/v1/me"), get<Here>("/api/v1/here")]);
      this.me = me.body;
      this.here = here.body;
      this.ended = false;
      this.who = whoOf(me.body);
      await isNow(this.who);
    } catch (error) {
      if (error instanceof Refused && error.problem.status === 401) this.ended = true;
      if (error instanceof OutOfReach && !this.me) await this.#recall();
    }
  }

  /** Who looked the last time, while nobody can be asked. */
  async #recall(): Promise<void> {
    const [me, here, who] = await Promise.all([recall<Me>("/api/v1/me"), recall<Here>("/api/v1/here"), copies.then((all) => all.owner())]);
    if (this.me || !me || !who) return;
    this.me = me.body;
    this.here = here?.body;
    this.who = who;
  }

  /** Whether they have a right at a place, or of some machine there, or somewhere if no place is said. */
  may(right: Right, client?: string | null, site?: string | null, ofMachine = OF_MACHINES.includes(right)): boolean {
    const scopes = this.me?.may[right] ?? [];
    // Who may something of single machines for their tags may it of no place as a whole.
    const isOfPlaces = !ofMachine && (client !== undefined || right === "tag");
    return scopes.some((scope) => within(scope, client, site) && !(isOfPlaces && scope.includes("#")));
  }

  /** Whether they have a right in all of some place: who has it of single machines for their tags makes nothing for places by it. */
  mayInPlaces(right: Right): boolean {
    return (this.me?.may[right] ?? []).some((scope) => !scope.includes("#"));
  }
}

/** Whether a scope (`*`, `acme`, `acme/lyon`, with or without `#tag`) covers a place. */
export function within(scope: string, client?: string | null, site?: string | null): boolean {
  const [place = ""] = scope.split("#");
  if (place === "*" || client === undefined) return true;
  const [ofClient, ofSite] = place.split("/");
  return client === ofClient && (!ofSite || site === ofSite);
}

export const looker = new Looker();
