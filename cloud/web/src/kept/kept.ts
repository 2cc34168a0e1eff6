// What this page has of what outlives it.
import { Box } from "../outbox/box.ts";
import { hubClock } from "../live/now.svelte.ts";
import { Copies } from "./copies.ts";
import { openCupboard } from "./cupboard.ts";

const now = () => hubClock.now();
export const cupboard = openCupboard();
const parts = cupboard.then((cupboard) => ({ copies: new Copies(cupboard, now), box: new Box(cupboard, now) }));

export const copies = parts.then((all) => all.copies);
export const box = parts.then((all) => all.box);

/** Only where a service worker stands at the door, which sees people sign in and out, is anything of them kept. */
export const isGuarded = (): boolean => typeof navigator !== "undefined" && !!navigator.serviceWorker?.controller;

let tellWho: (who: string) => void = () => undefined;
let who = new Promise<string>((told) => (tellWho = told));

/** The hub says who looks. */
export async function isNow(whom: string): Promise<void> {
  await (await copies).signedIn(whom);
  tellWho(whom);
  who = Promise.resolve(whom);
}

/** Keeps what the hub answered, once it is known to whom. */
export async function remember(path: string, text: () => string, at: number): Promise<void> {
  if (!isGuarded()) return;
  const whom = await who;
  await (await copies).keep(whom, path, text, at);
}

/** The last copy of what the hub answered, for when it does not. */
export async function recall<T>(path: string): Promise<{ body: T; at: number } | undefined> {
  if (!isGuarded()) return undefined;
  return (await (await copies).find(path)) as { body: T; at: number } | undefined;
}
