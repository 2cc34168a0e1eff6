// Which key does what? Each is said where it works, and listed in the help.
import { untrack } from "svelte";
import { settings } from "./settings.svelte.ts";

export interface Key {
  /** As `KeyboardEvent.key` names it; two with a space one after the other; `Ctrl+k` with Ctrl or Cmd. */
  keys: string;
  /** What it does, in words. */
  what: () => string;
  run: (event: KeyboardEvent) => void;
}

/** How long the second of two keys may be waited for. */
const PATIENCE_MS = 1200;

class Keys {
  all = $state.raw<readonly Key[]>([]);
  /** When it was pressed, not when the page came to it: a busy page loses no second key. */
  #first: { key: string; at: number } | undefined;

  constructor() {
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  /** Adds keys; gives what takes them away again. */
  add(keys: readonly Key[]): () => void {
    this.all = [...this.all, ...keys];
    return () => (this.all = this.all.filter((one) => !keys.includes(one)));
  }

  #press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.altKey) return;
    if (event.ctrlKey || event.metaKey) return void this.#run(`Ctrl+${event.key.toLowerCase()}`, event);
    if (!settings.keys || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const first = this.#first;
    this.#first = undefined;
    if (first && event.timeStamp - first.at < PATIENCE_MS && this.#run(`${first.key} ${event.key}`, event)) return;
    if (this.#run(event.key, event)) return;
    if (this.all.some((one) => one.keys.startsWith(`${event.key} `))) this.#first = { key: event.key, at: event.timeStamp };
  }

  // The one that was added last counts: a page's own key before the frame's.
  #run(keys: string, event: KeyboardEvent): boolean {
    const found = this.all.findLast((one) => one.keys === keys);
    if (!found) return false;
    event.preventDefault();
    found.run(event);
    return true;
  }
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

export const keys = new Keys();

/** To be called where a component begins: its keys, while it is there. */
export function useKeys(own: readonly Key[]): void {
  // What is added is not what is waited for.
  $effect(() => untrack(() => keys.add(own)));
}
