// Whose machines are looked at: everybody's, a client's, or a site's?
import { router } from "./router.svelte.ts";

export interface Scope {
  client?: string;
  site?: string;
}

class Chosen {
  /** As it stands in the address: `acme` or `acme/lyon`. */
  text = $derived(router.query.get("in") ?? "");

  now: Scope = $derived.by(() => {
    const [client, site] = this.text.split("/");
    return { ...(client ? { client } : {}), ...(client && site ? { site } : {}) };
  });

  /** The same as parameters of the API, to be put behind others. */
  params = $derived(
    (this.now.client ? `&client=${encodeURIComponent(this.now.client)}` : "") +
      (this.now.site ? `&site=${encodeURIComponent(this.now.site)}` : ""),
  );

  /** The same in the grammar of filters. */
  terms = $derived([this.now.client && `client:${this.now.client}`, this.now.site && `site:${this.now.site}`].filter(Boolean).join(" "));

  has(client: string | null, site: string | null): boolean {
    const { client: ofClient, site: ofSite } = this.now;
    return (!ofClient || client === ofClient) && (!ofSite || site === ofSite);
  }

  choose(text: string): void {
    router.set({ in: text || undefined, q: undefined }, { push: true });
  }
}

export const scope = new Chosen();
