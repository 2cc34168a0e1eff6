// The service worker, as the page sees it: there or not, and whether a newer version of the pages has taken over.
import { router } from "../router.svelte.ts";
import { SHELL } from "../worker/shell.ts";

class Worker {
  /** What the browser has: nothing where it can not, as on plain HTTP. */
  registration = $state.raw<ServiceWorkerRegistration | undefined>();
  /** Newer pages are here; these go on with what they have until they are loaded anew. */
  isNewer = $state(false);

  readonly possible = "serviceWorker" in navigator;

  async start(): Promise<void> {
    if (!this.possible) return;
    const container = navigator.serviceWorker;
    let had = container.controller !== null;
    container.addEventListener("controllerchange", () => {
      if (had) void isOwn().then((own) => (this.isNewer = !own));
      had = true;
    });
    container.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (data && typeof data === "object" && "go" in data && typeof data.go === "string") router.go(data.go);
    });
    try {
      await container.register("/sw.js");
      this.registration = await container.ready;
    } catch {
      // The pages work without one; a device that can not be pushed to says so where that is asked for.
    }
  }
}

/** Whether the version that took over is the one that this page is of: whoever came anew has that before the worker does. */
async function isOwn(): Promise<boolean> {
  const begun = document.querySelector("script[src]")?.getAttribute("src");
  const shell = await fetch(SHELL).catch(() => undefined);
  return shell !== undefined && begun !== null && begun !== undefined && (await shell.text()).includes(begun);
}

export const worker = new Worker();
