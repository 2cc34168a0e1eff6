// The service worker: the pages without a line, what is pushed to this device, and what waits to be sent from it.
//
// Nothing of what the hub tells goes through its caches: they hold the program alone.
import { Copies } from "../kept/copies.ts";
import { openCupboard } from "../kept/cupboard.ts";
import { Box } from "../outbox/box.ts";
import { post } from "../outbox/post.ts";
import { inTurn } from "../outbox/turn.ts";
import { find } from "../route.ts";
import { keepShared } from "../share/kept.ts";
import { MOST_CHARACTERS } from "../share/shared.ts";
import { read, type Pushed } from "./push.ts";
import { isHashed, isOurs, nameOf, outdated, PATIENCE_MS, SHARE, SHELL, turnsOf, TURNS, wayOf, type Shell, type Turns } from "./shell.ts";

declare const __SHELL__: Shell;
declare const self: ServiceWorkerGlobalScope;

const shell = __SHELL__;
const parts = openCupboard().then((cupboard) => ({
  cupboard,
  copies: new Copies(cupboard, Date.now),
  box: new Box(cupboard, Date.now),
}));
const isPage = (path: string) => find(path) !== undefined;

self.addEventListener("install", (event) => {
  // A new version takes over at once: pages that are open find their own files in the cache before it.
  event.waitUntil(install().then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  const asked = { method: request.method, navigates: request.mode === "navigate", path: url.pathname };
  switch (wayOf(asked, shell, isPage)) {
    case "here":
      return event.respondWith(fromHere(request));
    case "hub":
      return event.respondWith(fromHub(request));
    // The browser goes there by itself: what another site sends is not sent in our name.
    case "door":
      return event.waitUntil(parts.then(({ copies }) => copies.lock()));
    case "out":
      return event.waitUntil(signOut());
    case "share":
      return event.respondWith(takeIn(request));
    case "past":
      return;
  }
});
self.addEventListener("push", (event) => event.waitUntil(show(read(event.data?.text()))));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const pushed = event.notification.data as Pushed;
  event.waitUntil(event.action === "acknowledge" && pushed.alert ? acknowledge(pushed) : goTo(pushed.navigate));
});
// Not in every browser, and in no list of types: it is told when there is a line again, whether or not a page is open.
self.addEventListener("sync" as "message", (event: ExtendableEvent) => event.waitUntil(sendAll()));

async function install(): Promise<void> {
  const own = await caches.open(nameOf(shell.version));
  await Promise.all(
    shell.files.map(async (path) => {
      const before = isHashed(path) ? await caches.match(path) : undefined;
      if (before) return own.put(path, before);
      const found = await fetch(path, { cache: "no-cache" });
      if (!found.ok) throw new Error(`${path} is not to be had: ${found.status}`);
      // The browser gives this worker up then, and comes by the one that the hub has now.
      if (path === SHELL && !isOurs(await found.clone().text(), shell)) throw new Error("the hub has other pages by now");
      await own.put(path, found);
    }),
  );
}

async function activate(): Promise<void> {
  const [names, written] = await Promise.all([caches.keys(), caches.open(TURNS)]);
  const said = await written.match(TURNS);
  const turns = turnsOf(said ? ((await said.json()) as Turns) : [], names, shell.version);
  await written.put(TURNS, Response.json(turns));
  await Promise.all(outdated(names, turns).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function fromHere(request: Request): Promise<Response> {
  const own = await caches.open(nameOf(shell.version));
  return (await own.match(request)) ?? (await caches.match(request)) ?? fetch(request);
}

/** Who is signed in, and whether at all, is for the hub to say; the shell is the same for everybody. */
async function fromHub(request: Request): Promise<Response> {
  const own = await caches.open(nameOf(shell.version));
  const copy = await own.match(SHELL);
  if (!copy) return fetch(request);
  const slow = new Promise<Response>((shown) => setTimeout(() => shown(copy.clone()), PATIENCE_MS));
  return Promise.race([slow, fetch(request).catch(() => copy)]);
}

/** Keeps what another app hands over, and shows it to somebody who says where it belongs: nothing is sent before. */
async function takeIn(request: Request): Promise<Response> {
  const handed = await request.formData().catch(() => new FormData());
  const { cupboard } = await parts;
  const files = handed.getAll("photo").filter((one) => one instanceof Blob);
  // What the browser can not keep is not in the list that it is shown.
  if (files.length) await keepShared(cupboard, files, Date.now()).catch(() => undefined);
  const said = ["title", "text", "url"].flatMap((name) => {
    const text = handed.get(name);
    return typeof text === "string" && text ? [[name, text.slice(0, 2 * MOST_CHARACTERS)]] : [];
  });
  return Response.redirect(`${SHARE}?${new URLSearchParams(said)}`, 303);
}

/** Nothing of whoever signs out stays here, and nothing is pushed to them here any more. */
async function signOut(): Promise<void> {
  await (await parts).copies.wipe();
  const subscription = await self.registration.pushManager?.getSubscription();
  await subscription?.unsubscribe().catch(() => false);
  for (const shown of await self.registration.getNotifications()) shown.close();
  await setBadge(0);
}

async function show(pushed: Pushed): Promise<void> {
  const { title, body, tag, lang, actions } = pushed;
  const options: NotificationOptions = {
    body, data: pushed, icon: "/icon-192.png", badge: "/badge.png", requireInteraction: pushed.critical,
    ...(lang && { lang }),
    // The newest of one trouble takes the place of what was said of it, and rings again.
    ...(tag && { tag, renotify: true }),
    ...(actions.length && { actions }),
  };
  await self.registration.showNotification(title, options);
  await Promise.allSettled([pushed.receipt ? told(pushed.receipt) : undefined, countOpen()]);
}

/** Says to the hub that it was shown. Who was out of reach then stays unheard: it is not known. */
async function told(receipt: string): Promise<void> {
  await fetch("/api/v1/devices/displayed", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ receipt }),
    cache: "no-store",
  });
}

/** How many incidents nobody has said that they know of, as far as the hub says so now. */
async function countOpen(): Promise<void> {
  const response = await fetch("/api/v1/incidents?standing=firing&limit=1", { cache: "no-store" });
  if (response.ok) await setBadge(((await response.json()) as { total: number }).total);
}

/** Not in every browser. */
async function setBadge(count: number): Promise<void> {
  const own = navigator as WorkerNavigator & { setAppBadge?: (count: number) => Promise<void> };
  await own.setAppBadge?.(count).catch(() => undefined);
}

/** Through what waits to be sent: with a line it is at the hub in a moment, without one it is not forgotten. */
async function acknowledge(pushed: Pushed): Promise<void> {
  const { box, copies } = await parts;
  const who = await copies.owner();
  // Nobody is signed in here as far as is known: the page says so, and leads on.
  if (!who || !pushed.alert) return goTo(pushed.navigate);
  const entry = await box.add({ who, incident: pushed.alert, about: pushed.title, word: "acknowledge", says: {} });
  await sendWords(who).catch(() => false);
  const state = (await box.of(who)).find((one) => one.seq === entry.seq)?.state;
  if (state === "sent") return void (await Promise.allSettled([countOpen(), sendAll()]));
  // What did not arrive is said: nobody is to believe that others know.
  const french = pushed.lang === "fr";
  const waits = french ? "Acquittement en attente sur cet appareil : le hub ne l’a pas encore." : "Acknowledgement waiting on this device: the hub does not have it yet.";
  const refused = french ? "L’acquittement a été refusé. Ouvrez Vigie." : "The acknowledgement was refused. Open Vigie.";
  await self.registration.showNotification(pushed.title, {
    body: state === "waiting" ? waits : refused, data: { ...pushed, navigate: "/devices" }, icon: "/icon-192.png", badge: "/badge.png",
    tag: `outbox-${entry.seq}`, ...(pushed.lang && { lang: pushed.lang }),
  });
  // It is said before anything else is sent: a photo may take minutes, and the browser its time to remember that something waits.
  await sendAll().catch(() => undefined);
}

/** Whether all decisions that wait are at the hub. */
async function sendWords(who: string): Promise<boolean> {
  const { box } = await parts;
  const all = await inTurn(() => box.flush(who, post));
  new BroadcastChannel("vigie-outbox").postMessage("changed");
  return all;
}

async function sendAll(): Promise<void> {
  const { box, copies } = await parts;
  const who = await copies.owner();
  if (!who) return;
  const all = (await sendWords(who)) && (await inTurn(() => box.flush(who, post, true), "photos"));
  new BroadcastChannel("vigie-outbox").postMessage("changed");
  if (all) return;
  // Where the browser can, it wakes the worker when there is a line; elsewhere the next page that is opened sends.
  const registration = self.registration as ServiceWorkerRegistration & { sync?: { register(tag: string): Promise<void> } };
  await registration.sync?.register("outbox").catch(() => undefined);
}

async function goTo(path: string): Promise<void> {
  const windows = await self.clients.matchAll({ type: "window" });
  const open = windows.find((one) => isPage(new URL(one.url).pathname));
  if (!open) return void (await self.clients.openWindow(path));
  await open.focus();
  open.postMessage({ go: path });
}
