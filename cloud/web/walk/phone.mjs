// Does an installed app tell the truth on a bad line? In Debian's Chromium, against a hub of its own: `phone.mjs CLOUD`, the hub's
// program. Loads without a line, decides without one and with one that loses answers, is pushed to, and forgets who signs out.
// Ends with 1 at the first thing that is not so.
import { createDecipheriv, createECDH, hkdfSync, randomBytes } from "node:crypto";
import { createServer as createHttp } from "node:http";
import { chromium } from "playwright-core";
import { redelivered } from "./hooks.mjs";
import { chooses, shares } from "./installed.mjs";
import { begin, home, listening } from "./line.mjs";
import { lists } from "./lists.mjs";
import { comes, so, trail, until } from "./trail.mjs";

const [cloud] = process.argv.slice(2);
if (!cloud) {
  console.error("usage: phone.mjs CLOUD");
  process.exit(2);
}
const PASSWORD = "seven loud lanterns hum";
/** How far the page's idea of the hub's clock may be off: half of what an answer takes. */
const CLOCK_MS = 5000;

// ---- a hub, and a line to it

const at = home("phone");
const { step, watch, accessible } = trail("phone", at.log);
const { direct, token, code, ask, line, end } = await begin(cloud, at, `[outgoing]
allow = ["127.0.0.0/8"]
[[channel]]
kind = "devices"
name = "devices"
to = ["marie@dupont.example"]
[[route]]
name = "night"
channels = ["devices"]
wait_s = 1
`);
const { place, set } = line;
let browser;
const finish = async () => {
  await browser?.close();
  end();
};

// ---- people, and something that is wrong

const begun = await fetch(`${direct}/begin`, {
  method: "POST", redirect: "manual", headers: { "content-type": "application/x-www-form-urlencoded" },
  body: new URLSearchParams({ organisation: "Dupont", email: "marie@dupont.example", password: PASSWORD, code }).toString(),
});
so(begun.status === 303 || begun.status === 302, `somebody takes the hub into use: ${begun.status}`);
const invited = await ask("/api/v1/invitations", { method: "POST", body: { email: "paul@dupont.example", name: "Paul", grants: [{ role: "operator", scope: "acme" }], mail: false } });
await ask("/api/v1/invitations/accept", { method: "POST", body: { code: invited.code, password: PASSWORD }, as: {} });
for (const [name, metric] of [["Shelf", "shelf_celsius"], ["Door", "door_open"]]) {
  await ask("/api/v1/watch/rules", { method: "POST", body: { name, client: "acme", site: "lyon", metric, above: "8", for: "0s" } });
}
let lamp = false;
const samples = setInterval(() => {
  fetch(`${direct}/to/acme/lyon/api/v1/import/prometheus`, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "text/plain" }, body: `shelf_celsius 12\ndoor_open 12\nlamp_out ${lamp ? 1 : 0}\n` }).catch(() => undefined);
}, 1000);
const wrong = async () => (await ask("/api/v1/incidents?limit=100")).incidents;
const [shelf, door] = await until("two things are wrong", async () => {
  const all = await wrong();
  const of = (rule) => all.find((one) => one.rule === rule);
  return of("Shelf") && of("Door") && [of("Shelf"), of("Door")];
});
const incident = (id) => ask(`/api/v1/incidents/${id}`);

// ---- a browser

browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
const slim = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const context = await browser.newContext({ ...slim, locale: "en-GB", permissions: ["notifications"] });
const page = watch(await context.newPage(), place);

async function signIn(email) {
  await page.goto(`${place}/sign-in`);
  await page.fill("input[name=email]", email);
  await page.fill("input[name=password]", PASSWORD);
  await page.click("form[action='/sign-in'] button");
  await page.waitForURL(`${place}/`);
  await page.waitForSelector(".pill.live");
}
const kept = () => page.evaluate(() => new Promise((done) => {
  const asked = indexedDB.open("vigie");
  asked.onsuccess = () => {
    const all = asked.result.transaction("copies").objectStore("copies").getAll();
    all.onsuccess = () => (asked.result.close(), done(all.result.map((one) => one.key)));
  };
}));
const read = async (path) => {
  await page.goto(place + path);
  await page.waitForSelector("main h1", { state: "attached" });
};
/** How many decisions wait on this device, as the page says. */
const waiting = (count) => comes(page, `${count} decisions wait`, (count) => document.querySelectorAll("section[aria-label='Decided on this device'] li").length === count, count);
const button = (name) => page.locator("section[aria-label=Decide] button", { hasText: name }).first();

await step("a person signs in, and the pages are kept for when there is no line", async () => {
  await signIn("marie@dupont.example");
  await comes(page, "the worker serves the page", () => navigator.serviceWorker.controller !== null);
  const size = await page.evaluate(async () => {
    const [name] = await caches.keys();
    const cache = await caches.open(name);
    return (await cache.keys()).length;
  });
  so(size > 30, `the shell is kept whole: ${size} files`);
  for (const path of ["/", "/incidents", `/incidents/${shelf.id}`, "/machines", "/sites", "/"]) {
    await read(path);
    await page.waitForSelector(".pill.live");
  }
  await until("what was seen is kept", async () => {
    const keys = await kept();
    return keys.some((key) => key.includes(shelf.id)) && keys.some((key) => key.startsWith("/api/v1/sites"));
  });
  so((await kept()).every((key) => !/tokens|people|audit|sessions/.test(key)), "what is nobody's business is not kept");
  const { manifest } = await page.evaluate(async () => ({ manifest: await (await fetch(document.querySelector("link[rel=manifest]").href)).json() }));
  so(manifest.icons.some((icon) => icon.sizes === "512x512") && manifest.display === "standalone", "the app can be installed");
});

await step("without a line the pages open with what was seen, dated, hatched, and nothing of it green", async () => {
  set("cut");
  const asked = Date.now();
  await page.reload();
  await page.waitForSelector(".banner.hatched");
  console.log(`phone: the dated copy stands after ${Date.now() - asked} ms (goal on a quiet machine: 1500)`);
  await comes(page, "the banner says of when it is", () => /Offline copy of \d\d:\d\d/.test(document.querySelector(".banners").textContent));
  await page.waitForSelector("main ol.rows a.row");
  so((await page.$$("main .tone-ok")).length === 0, "nothing is green");
  await comes(page, "the pill says that it is a copy", () => document.querySelector(".pill").textContent.includes("Copy of"));
  await accessible(page, "home without a line");
  await page.keyboard.press("Control+k");
  await page.waitForSelector("dialog[open] input[type=search]");
  await page.keyboard.press("Escape");
  await page.click("header summary");
  await page.waitForSelector(".menu select");
  await page.keyboard.press("Escape");
  await page.goto(`${place}/incidents/${shelf.id}`);
  await page.waitForSelector("article h1");
  await comes(page, "the incident says of when it is", () => document.querySelector("main").textContent.includes("Offline copy of"));
  await accessible(page, "an incident without a line");
});

await step("what is decided without a line waits, can be taken back, survives a reload, and arrives once", async () => {
  const before = Date.now();
  await button("Acknowledge").click();
  await page.waitForSelector("text=Waiting on this device");
  const after = Date.now();
  await button("Comment").click();
  await page.fill("section[aria-label=Decide] input", "on my way");
  await page.keyboard.press("Enter");
  await waiting(2);
  await page.locator("section[aria-label=Decide] select").selectOption("60");
  await waiting(3);
  await accessible(page, "decisions that wait");
  await page.reload();
  await waiting(3);
  so((await incident(shelf.id)).acknowledgements.length === 0, "nothing is at the hub");
  await page.goto(`${place}/devices`);
  await waiting(3);
  await new Promise((done) => setTimeout(done, 2000));
  const healed = Date.now();
  set("good");
  const now = await until("all of it is at the hub", async () => {
    const one = await incident(shelf.id);
    return one.comments.length === 1 && one.snoozed_until && one.acknowledgements.length === 1 && one;
  });
  const happened = Date.parse(now.acknowledgements[0].happened_at);
  const learnt = Date.parse(now.acknowledgements[0].learnt_at);
  so(happened > before - CLOCK_MS && happened < Math.min(after + CLOCK_MS, healed), `it says when it was done: ${happened - before} ms`);
  so(learnt >= healed, `and when it was learnt: ${learnt - healed} ms after the line was back`);
  so(now.acknowledgements[0].by === "marie@dupont.example" || /marie/i.test(now.acknowledgements[0].by), "and by whom");
  await page.waitForSelector("section[aria-label='Decided on this device'] >> text=At the hub");
  await page.waitForSelector(".pill.live");
  await comes(page, "what is shown is what is now", () => !document.querySelector(".banner.hatched"));
});

await step("an answer that is lost makes nothing double", async () => {
  await read(`/incidents/${door.id}`);
  await page.waitForSelector("article h1");
  await page.waitForSelector(".pill.live");
  set("deaf");
  await button("Acknowledge").click();
  await button("Comment").click();
  await page.fill("section[aria-label=Decide] input", "heard only once");
  await page.keyboard.press("Enter");
  await until("the hub did it, whatever the page heard", async () => (await incident(door.id)).acknowledgements.length === 1);
  await page.waitForSelector("text=Waiting on this device");
  await new Promise((done) => setTimeout(done, 2000));
  set("good");
  await until("the page knows", async () => (await page.$("section[aria-label='Decided on this device'] >> text=Waiting on this device")) === null);
  await until("the comment is there", async () => (await incident(door.id)).comments.length > 0);
  const now = await incident(door.id);
  so(now.acknowledgements.length === 1 && now.comments.length === 1, `each is there once: ${now.acknowledgements.length}, ${now.comments.length}`);
});

await step("what the hub refuses says why, and is thrown away", async () => {
  set("cut");
  await read(`/incidents/${door.id}`);
  await page.waitForSelector("article h1");
  await button("Acknowledge").click();
  // Not before the form has given up: what is refused while it waits is said by the form itself, and kept nowhere.
  await page.waitForSelector("section[aria-label=Decide] >> text=kept on this device");
  await page.waitForSelector("section[aria-label='Decided on this device'] >> text=Waiting on this device");
  await ask(`/api/v1/incidents/${door.id}/resolve`, { method: "POST", body: { text: "closed at the hub meanwhile" } });
  set("good");
  await page.waitForSelector("section[aria-label='Decided on this device'] >> text=it is over");
  await accessible(page, "a decision that was refused");
  await page.locator("section[aria-label='Decided on this device'] button", { hasText: "Throw away" }).click();
  await comes(page, "nothing was not taken any more", () => !document.querySelector(".banners")?.textContent.includes("not taken"));
});

// ---- a push service, and the browser that it serves

const us = createECDH("prime256v1");
us.generateKeys();
const auth = randomBytes(16);
const pushes = [];
let answer = 201;
const service = createHttp((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part)).on("end", () => {
    if (answer === 201) pushes.push(opened(Buffer.concat(parts)));
    response.writeHead(answer).end();
  });
});
const endpoint = `http://127.0.0.1:${await listening(service)}/send/marie`;

/** As RFC 8291 has a browser read it. */
function opened(body) {
  const [salt, key, record] = [body.subarray(0, 16), body.subarray(21, 21 + body[20]), body.subarray(21 + body[20])];
  so(body.length <= 4096, "a push has at most 4,096 bytes");
  const about = Buffer.concat([Buffer.from("WebPush: info\0"), us.getPublicKey(), key]);
  const secret = Buffer.from(hkdfSync("sha256", us.computeSecret(key), auth, about, 32));
  const derive = (what, length) => Buffer.from(hkdfSync("sha256", secret, salt, Buffer.from(`Content-Encoding: ${what}\0`), length));
  const open = createDecipheriv("aes-128-gcm", derive("aes128gcm", 16), derive("nonce", 12));
  open.setAuthTag(record.subarray(-16));
  const plain = Buffer.concat([open.update(record.subarray(0, -16)), open.final()]);
  return plain.subarray(0, plain.lastIndexOf(2)).toString();
}

const inPage = (method, path, body) => page.evaluate(async ([method, path, body]) => {
  const answer = await fetch(path, { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) });
  return { status: answer.status, body: await answer.json().catch(() => undefined) };
}, [method, path, body]);
const cdp = await context.newCDPSession(page);
let registration;
cdp.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => (registration = registrations.find((one) => !one.isDeleted)?.registrationId ?? registration));
await cdp.send("ServiceWorker.enable");
const deliver = (data) => cdp.send("ServiceWorker.deliverPushMessage", { origin: place, registrationId: registration, data });
const shown = () => page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(({ title, body, tag }) => ({ title, body, tag })));
let device;

await step("a device is tested, shows the message, and the hub hears that it did", async () => {
  const made = await inPage("POST", "/api/v1/me/devices", { name: "Telephone", language: "fr", subscription: { endpoint, expirationTime: null, keys: { p256dh: us.getPublicKey().toString("base64url"), auth: auth.toString("base64url") } } });
  so(made.status === 201, `it is subscribed: ${made.status} ${JSON.stringify(made.body)}`);
  device = made.body.id;
  await read("/devices");
  await page.waitForSelector("text=Telephone");
  await accessible(page, "devices");
  await page.locator("button", { hasText: "Send a test" }).click();
  const pushed = await until("it is pushed", () => pushes.shift());
  so(JSON.parse(pushed).web_push === 8030 && JSON.parse(pushed).notification.lang === "fr", "in the shape of declarative web push, and in its language");
  await deliver(pushed);
  await page.waitForSelector("text=/Displayed [0-9.,]+ s after/");
  const list = await inPage("GET", "/api/v1/me/devices");
  so(list.body.devices[0].last_push.displayed_at && list.body.devices[0].unseen === 0, "the hub knows that it was displayed");
  so((await shown()).length === 1, "and it was");
  so(!JSON.stringify(list.body).includes(endpoint), "where it is pushed to is told to nobody");
});

await step("whom a route tells is told on their device, and acknowledges from the message, with a line and without", async () => {
  pushes.length = 0;
  lamp = true;
  await ask("/api/v1/watch/rules", { method: "POST", body: { name: "Lamp", client: "acme", site: "lyon", metric: "lamp_out", above: "0", for: "0s", severity: "critical" } });
  const pushed = await until("somebody is told", () => pushes.find((one) => one.includes("Lamp") || one.includes("lamp_out")));
  const said = JSON.parse(pushed);
  const one = (await wrong()).find((one) => one.rule === "Lamp");
  so(said.vigie.alert === one.id && said.notification.navigate === `${place}/incidents/${one.id}`, `it says of what it tells, and leads there: ${pushed}`);
  so(said.notification.actions[0].action === "acknowledge" && said.vigie.severity === "critical", "and can be acknowledged");
  await deliver(pushed);
  await until("it is shown", async () => (await shown()).some(({ title }) => title === said.notification.title));
  await until("and the message's line says when", async () => (await ask("/api/v1/telling")).sent.some((one) => one.channel === "devices" && one.displayed_at));
  const [worker] = context.serviceWorkers();
  const tap = (title) => worker.evaluate(async (title) => {
    const notification = (await self.registration.getNotifications()).find((one) => one.title === title);
    self.dispatchEvent(new NotificationEvent("notificationclick", { notification, action: "acknowledge" }));
  }, title);
  // The incident says that somebody was told, by which way, and that it was shown.
  await read(`/incidents/${one.id}`);
  await page.waitForSelector("text=/that it is so, by devices.* shown on a device at/");
  await accessible(page, "who was told of an incident");
  // First without a line: it waits, and says so.
  set("cut");
  await tap(said.notification.title);
  await until("what waits is said", async () => (await shown()).some(({ body }) => /en attente/.test(body)));
  so((await incident(one.id)).acknowledgements.length === 0, "nobody else knows yet");
  set("good");
  await read("/");
  await until("it is at the hub", async () => (await incident(one.id)).acknowledgements.length === 1);
  await ask(`/api/v1/incidents/${one.id}/unacknowledge`, { method: "POST", body: {} });
  await deliver(pushed);
  await until("it is shown again", async () => (await shown()).some(({ title, body }) => title === said.notification.title && !/en attente/.test(body)));
  await tap(said.notification.title);
  await until("it is at the hub again, without a page", async () => (await incident(one.id)).acknowledgements.length === 1);
});

await step("a device whose subscription is gone is said to be so", async () => {
  answer = 410;
  await read("/devices");
  await page.locator("button", { hasText: "Send a test" }).click();
  await page.waitForSelector("text=Its subscription is gone");
  await accessible(page, "a device that is gone");
});

await step("what was done with a device stands in the audit, and where it is pushed to does not", async () => {
  const audit = JSON.stringify(await ask(`/api/v1/audit?q=${encodeURIComponent("what:device*")}`));
  so(["device.add", "device.test"].every((what) => audit.includes(what)) && !audit.includes("/send/marie"), `the audit tells of it: ${audit}`);
});

await chooses({ page, context, place, set, read, step, accessible });
await shares({ page, place, set, step, accessible, ask, about: door });
await lists({ page, place, set, read, step, accessible, ask });
await redelivered({ page, read, ask, step, accessible, incident: door.id });

await step("nobody finds what another one saw, and who signs out leaves nothing", async () => {
  await read("/");
  so((await kept()).length > 0, "something is kept");
  // Somebody comes to the door, and the line is cut before anybody knows who it is.
  await page.goto(`${place}/sign-in?again=1`);
  set("cut");
  await page.goto(`${place}/`);
  await page.waitForSelector(".pill");
  await new Promise((done) => setTimeout(done, 1500));
  so((await page.$$("main ol.rows a.row")).length === 0 && !(await page.textContent("body")).includes("Shelf"), "nobody is shown a copy at the door");
  set("good");
  await context.clearCookies();
  await signIn("paul@dupont.example");
  await until("only what Paul saw is kept", async () => !(await kept()).some((key) => key.includes(shelf.id)));
  set("cut");
  await page.goto(`${place}/incidents/${shelf.id}`);
  await page.waitForSelector(".card.error, .banner");
  await new Promise((done) => setTimeout(done, 1000));
  so((await page.$("article h1")) === null, "Paul sees nothing of what Marie opened");
  set("good");
  await read("/");
  await page.waitForSelector(".pill.live");
  await page.click("header details summary");
  await page.click("form[action='/sign-out'] button");
  await page.waitForURL(/sign-in/);
  await until("nothing is left", async () => (await kept()).length === 0);
  set("cut");
  await page.goto(`${place}/incidents`).catch(() => undefined);
  so((await page.$$("main ol.rows a.row")).length === 0, "who signed out left nothing to be seen");
  set("good");
});

clearInterval(samples);
await finish();
console.log("phone: all of it is so");
process.exit(0);
