// Where is the reader? The address is the state: whoever has it sees the same, and Back always works.
import { mayLeave } from "./form/leave.svelte.ts";
import { find, pathOf, type Found, type PageName } from "./route.ts";

class Router {
  path = $state(location.pathname);
  search = $state(location.search);
  /** Another number for each page that was gone to: pages begin anew by it. */
  visit = $state(0);

  found: Found | undefined = $derived(find(this.path));
  query = $derived(new URLSearchParams(this.search));

  constructor() {
    addEventListener("popstate", () => this.#back());
    document.addEventListener("click", (event) => this.#click(event));
  }

  /** Goes to an address of ours. */
  go(href: string, { replace = false } = {}): void {
    const url = new URL(href, location.href);
    if (url.pathname !== location.pathname && !mayLeave()) return;
    if (replace) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    this.#arrive();
  }

  /** Changes parameters of the address; what is empty is left out. Does not begin the page anew. */
  set(change: Readonly<Record<string, string | undefined>>, { push = false } = {}): void {
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(change)) {
      if (value) query.set(name, value);
      else query.delete(name);
    }
    const text = query.toString();
    const url = location.pathname + (text ? `?${text}` : "");
    if (url === location.pathname + location.search) return;
    if (push) history.pushState(null, "", url);
    else history.replaceState(null, "", url);
    this.search = location.search;
  }

  // Who stays with what they have not saved finds the address of it again.
  #back(): void {
    const goes = location.pathname !== this.path || location.search !== this.search;
    if (goes && !mayLeave()) history.pushState(null, "", this.path + this.search);
    this.#arrive();
  }

  #arrive(): void {
    if (location.pathname !== this.path) this.visit += 1;
    this.path = location.pathname;
    this.search = location.search;
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const anchor = event.target instanceof Element ? event.target.closest("a") : null;
    if (!anchor || anchor.target || anchor.hasAttribute("download") || anchor.origin !== location.origin) return;
    if (!find(anchor.pathname)) return;
    event.preventDefault();
    this.go(anchor.href);
  }
}

export const router = new Router();

/** The address of a page in the scope that is chosen. */
export function href(
  page: PageName,
  params: Readonly<Record<string, string>> = {},
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const own = new URLSearchParams();
  const scope = router.query.get("in");
  if (scope) own.set("in", scope);
  for (const [name, value] of Object.entries(query)) if (value) own.set(name, value);
  const text = own.toString();
  return pathOf(page, params) + (text ? `?${text}` : "");
}
