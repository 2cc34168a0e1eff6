// What an installed app does beside looking: it is read in another language, outlives another version of the hub, and takes what other
// apps share.
import { comes, so, until } from "./trail.mjs";

/** The names of all that a page has loaded of its program. */
const loaded = (page) => page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname).filter((path) => path.startsWith("/assets/")));

/** Chooses a language where people choose it, and waits until the page is in it. */
async function choose(page, language) {
  await page.locator("header details summary").click();
  await page.locator("header select", { has: page.locator("option[value=fr]") }).selectOption(language);
  await comes(page, `the page is in ${language}`, (language) => document.documentElement.lang === language && document.querySelector("main h1"), language);
}

/** Until the worker that is current is the one of this page's version, with all of its files. */
const kept = (page) => until("the worker has this language's pages", () => page.evaluate(async () => {
  const begun = document.querySelector("script[src]").getAttribute("src");
  const turns = await (await caches.open("vigie-turns")).match("vigie-turns");
  const [now] = turns ? await turns.json() : [];
  const shell = now && (await (await caches.open(`vigie-shell-${now}`)).match("/shell.html"));
  return navigator.serviceWorker.controller?.state === "activated" && shell !== undefined && (await shell.text()).includes(begun);
}));

export async function chooses({ page, context, place, set, read, step, accessible }) {
  await step("French is chosen: the page comes in it at its place, in its colours, and without a line, too", async () => {
    const look = async () => (await context.cookies()).find(({ name }) => name === "vigie-look")?.value;
    // What was chosen on the pages without a script.
    await page.request.post(`${place}/look`, { form: { lang: "en", theme: "dark" }, headers: { origin: place } });
    const path = "/incidents?standing=all&sort=newest";
    await read(path);
    await kept(page);
    await page.evaluate(() => localStorage.setItem("vigie-settings", JSON.stringify({ ...JSON.parse(localStorage.getItem("vigie-settings") ?? "{}"), theme: "light" })));
    await page.reload();
    const before = await page.context().newPage();
    await before.goto(place);
    await before.waitForSelector(".pill.live");
    await choose(page, "fr");
    so(page.url() === place + path, `it is the same place: ${page.url()}`);
    so((await page.getAttribute("html", "data-theme")) === "light", "it has its colours");
    so((await look()) === "fr.dark", `and the pages without a script have theirs: ${await look()}`);
    await kept(page);
    so((await loaded(page)).every((path) => !path.startsWith("/assets/en/")), "nothing of the other language is loaded");
    // A page of the language before goes on, and has its parts, though the hub may not have them any more.
    set("cut");
    await before.evaluate(() => document.querySelector("nav a[href='/machines']").click());
    await comes(before, "a page of the language before has its parts without a line", () => location.pathname === "/machines" && document.querySelector("main h1"));
    so((await before.getAttribute("html", "lang")) === "en", "it is in its own language");
    await before.close();
    await page.reload();
    await page.waitForSelector(".banner.hatched");
    so((await page.getAttribute("html", "lang")) === "fr" && /Copie/.test(await page.textContent(".banners")), "it is in French without a line");
    await page.evaluate(() => document.querySelector("nav a[href='/sites']").click());
    await comes(page, "another page comes without a line", () => location.pathname === "/sites" && document.querySelector("main h1"));
    await accessible(page, "a page in French without a line");
    set("good");
    await page.waitForSelector(".pill.live");
    await choose(page, "en");
    await kept(page);
    set("cut");
    await page.reload();
    await page.waitForSelector(".banner.hatched");
    so((await page.getAttribute("html", "lang")) === "en", "and in English again");
    set("good");
    await page.waitForSelector(".pill.live");
  });
}

/** Another app hands over: as a browser does it, by a form that leads to where the manifest says. The picture has a camera's mark. */
function handOver(page, action, texts, file, width, height) {
  const led = page.waitForURL(/share\?/);
  return Promise.all([led, page.evaluate(async ([action, texts, file, width, height]) => {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const pen = canvas.getContext("2d");
    for (let at = 0; at < 60; at += 1) {
      pen.fillStyle = `hsl(${at * 6} 80% 50%)`;
      pen.fillRect(at * 40, 0, 40, height);
    }
    const plain = new Uint8Array(await (await new Promise((done) => canvas.toBlob(done, "image/jpeg"))).arrayBuffer());
    // Behind its first two bytes: that is where cameras write.
    const mark = new TextEncoder().encode("Exif\0\0somewhere");
    const picture = new Blob([plain.slice(0, 2), new Uint8Array([0xff, 0xe1, 0, mark.length + 2]), mark, plain.slice(2)], { type: "image/jpeg" });
    const form = Object.assign(document.createElement("form"), { method: "POST", action, enctype: "multipart/form-data" });
    for (const [name, value] of Object.entries(texts)) form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    const input = Object.assign(document.createElement("input"), { type: "file", name: file });
    const list = new DataTransfer();
    list.items.add(new File([picture], "fan.jpg", { type: "image/jpeg" }));
    input.files = list.files;
    form.append(input);
    document.body.append(form);
    form.submit();
  }, [action, texts, file, width, height]).catch(() => undefined)]);
}

export async function shares({ page, place, set, step, accessible, ask, about }) {
  await step("what another app shares becomes a note on an open incident, without a line, too, and once", async () => {
    const manifest = await page.evaluate(async () => (await fetch(document.querySelector("link[rel=manifest]").href)).json());
    const { action, method, enctype, params } = manifest.share_target;
    so(method === "POST" && enctype === "multipart/form-data" && params.files[0].accept.includes("image/*"), "texts and pictures can be shared");
    const handed = { [params.title]: "Rack", [params.text]: "the fan stands still", [params.url]: "https://example.org/fan" };
    const open = (await ask("/api/v1/incidents?limit=100")).incidents;
    const one = open.find(({ id }) => id !== about.id) ?? open[0];
    so(one, "something is open");
    // The list of what is open is kept for when there is no line.
    await page.goto(place);
    await page.waitForSelector(".pill.live");
    await page.waitForSelector("main ol.rows a.row");
    set("cut");
    await handOver(page, action, handed, params.files[0].name, 2400, 1800);
    await page.waitForSelector("main textarea");
    await comes(page, "the picture is shown", () => document.querySelectorAll("main canvas").length === 1 && document.querySelector("main canvas").width > 100);
    so((await page.inputValue("main textarea")) === "Rack\nthe fan stands still\nhttps://example.org/fan", "all of it is there to be read first");
    await page.waitForSelector("main input[type=radio]");
    const rows = page.locator("main label.card");
    const at = (await rows.allTextContents()).findIndex((text) => text.includes(one.summary));
    so(at >= 0, `the incident is among those to choose: ${one.summary}`);
    await rows.nth(at).locator("input").check();
    await accessible(page, "what is shared, without a line");
    await page.locator("main form button.primary").click();
    await comes(page, "it leads to the incident", (id) => location.pathname === `/incidents/${id}`, one.id);
    await page.waitForSelector("text=Waiting on this device");
    so((await ask(`/api/v1/incidents/${one.id}`)).comments.every(({ text }) => !text.includes("the fan")), "the hub does not have it yet");
    set("good");
    const comments = await until("the hub has it", async () => {
      const found = (await ask(`/api/v1/incidents/${one.id}`)).comments.filter(({ text }) => text.includes("the fan stands still"));
      return found.length && found;
    });
    so(comments.length === 1, `it is there once: ${comments.length}`);
    const [photo, ...more] = await until("and the photo", async () => {
      const found = (await ask(`/api/v1/incidents/${one.id}/photos`)).photos;
      return found.length && found;
    });
    so(more.length === 0 && photo.kind === "image/jpeg", `it is there once: ${JSON.stringify([photo, ...more])}`);
    so(Date.parse(photo.learnt_at) > Date.parse(photo.happened_at), "it says when it was shared, and when that was learnt");
    await page.waitForSelector(".pill.live");
    const img = page.locator("section[aria-label=Photos] img");
    await img.waitFor();
    await comes(page, "everybody sees it", () => document.querySelector("section[aria-label=Photos] img")?.naturalWidth === 1600);
    const sent = await page.evaluate(async (path) => [...new Uint8Array(await (await fetch(path)).arrayBuffer())], `/api/v1/incidents/${one.id}/photos/${photo.id}`);
    so(!Buffer.from(sent).includes("Exif"), "what the camera wrote into it is left out");
    so((await img.getAttribute("alt")).startsWith("Photo by "), "it says in words what it is");
    await accessible(page, "an incident with a photo");
    await page.goto(`${place}${action}`);
    await page.waitForSelector("main textarea");
    so((await page.$$("main canvas")).length === 0, "what was put somewhere is not offered again");
  });
}
