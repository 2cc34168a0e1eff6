// The hub's time, as it goes by on the page.
import { HubClock } from "./clock.ts";

export const hubClock = new HubClock({ steady: () => performance.now(), wall: () => Date.now() });

class Ticking {
  /** Milliseconds since 1970 at the hub; another one each second while the page is seen. */
  now = $state(hubClock.now());

  constructor() {
    setInterval(() => {
      if (!document.hidden) this.now = hubClock.now();
    }, 1000);
    document.addEventListener("visibilitychange", () => (this.now = hubClock.now()));
  }
}

export const ticking = new Ticking();
