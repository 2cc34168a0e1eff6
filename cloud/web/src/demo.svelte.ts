// Sites and machines that nobody has: which are they, and where do they not count?
import { DEMO } from "./demo.ts";
import { looker } from "./me.svelte.ts";
import { scope } from "./scope.svelte.ts";

export const PATH = "/api/v1/demonstration";

export interface Demonstration {
  state: "none" | "starting" | "playing" | "failed" | "removing";
  machines: number;
  ends_at: string | null;
  line: { site: string; cut: boolean; changes_at: string } | null;
  why: string | null;
}

class Demo {
  /** Whether there are others beside it, as far as is known. */
  beside = $state(false);
  /** Figures of all clients together leave it out where there is anything else. */
  leftOut = $derived(this.beside && looker.here?.demonstration === true && !scope.now.client);

  counts(client: string | null): boolean {
    return !this.leftOut || client !== DEMO;
  }

  /** The same in the grammar of filters. */
  get terms(): string {
    return this.leftOut ? `-client:${DEMO}` : "";
  }

  /** Whether they may begin and remove it: over all of the hub. */
  get may(): boolean {
    return looker.may("enrol", null) && looker.may("keep", null);
  }
}

export const demo = new Demo();
