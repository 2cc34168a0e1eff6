// Can these pages be put beside the other apps of this device, and how?

interface Prompt extends Event {
  prompt(): Promise<void>;
}

class Install {
  /** The browser would ask, if somebody wishes it. */
  prompt = $state.raw<Prompt | undefined>();

  /** Hears of it as soon as the pages begin: browsers say so once. */
  listen(): void {
    addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault();
      this.prompt = event as Prompt;
    });
    addEventListener("appinstalled", () => (this.prompt = undefined));
  }

  async ask(): Promise<void> {
    await this.prompt?.prompt();
    this.prompt = undefined;
    // What waits here is not thrown away for want of room.
    await navigator.storage?.persist?.().catch(() => false);
  }
}

export const install = new Install();
