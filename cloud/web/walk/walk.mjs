// Walks through the pages as people do, in Debian's Chromium, against a demo that runs: `walk.mjs HUB TOKEN DEMO RELAY [LOG]`, where
// DEMO is the program that cuts, heals and kills, RELAY the page of the site lyon, and LOG holds what DEMO complains of. Each page in
// each language, colour and width; a public page and a site's own, through a cut; then a cut as it is seen, taken and over; then the
// hub itself, killed and back. Ends with 1 at the first thing that is not so.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { boards } from "./boards.mjs";
import { eyes } from "./eyes.mjs";
import { begin, forms } from "./forms.mjs";
import { compared } from "./shapes.mjs";
import { site as sitePage } from "./site.mjs";
import { status } from "./status.mjs";
import { ten } from "./ten.mjs";
import { chord, comes, LOOKS, meeting, so, trail, until } from "./trail.mjs";

const [hub, token, demo, relay, log] = process.argv.slice(2);
if (!hub || !token || !demo || !relay) {
  console.error("usage: walk.mjs HUB TOKEN DEMO RELAY [LOG]");
  process.exit(2);
}
const HOME_BYTES = 90 * 1024;
/**
 * All routes' code, as one person in one language can ever load it: nobody loads a file of the other language. Some 260 kB are what we
 * want, 350 would be too much; French, which says the same in more letters, is a little beyond.
 */
const ALL_BYTES = 284 * 1024;
const DIST = new URL("../dist/", import.meta.url);

const { step, watch, answered, accessible, everyWidth } = trail("walk", log);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
let state;
/** Of the first person of the hub: what only people do is done in their name. */
let person;

/** Comes in by the token, from wherever the door is. */
async function enter(page) {
  await page.click("details summary");
  await page.fill("input[name=token]", token);
  await page.click("details button");
}

async function open({ width = 1440, theme = "light", language = "en", signedIn = false } = {}) {
  const slim = width < 700;
  const context = await browser.newContext({
    storageState: signedIn ? person : state, viewport: { width, height: slim ? 844 : 900 }, colorScheme: theme, locale: language === "fr" ? "fr-FR" : "en-GB",
    hasTouch: slim, isMobile: slim,
  });
  return watch(await context.newPage(), hub);
}

async function go(page, path) {
  await page.goto(hub + path);
  await rests(page, path);
}

/** Until a page has all that it asked for. */
async function rests(page, path) {
  // What is far below is asked for when it comes near.
  const there = () => comes(page, `${path} comes to rest`, () => {
    const inSight = [...document.querySelectorAll("main .bones")].filter((bones) => bones.getBoundingClientRect().top < innerHeight);
    return document.querySelector("main h1") && document.querySelector(".pill.live") && inSight.length === 0;
  });
  await there();
  await answered(page);
  await there();
}

const api = async (path) => (await fetch(hub + path, { headers: { authorization: `Bearer ${token}` } })).json();
async function write(method, path, body) {
  const answer = await fetch(hub + path, { method, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: JSON.stringify(body) });
  so(answer.ok, `${method} ${path} is done: ${answer.status}`);
  return answer.status === 204 ? undefined : answer.json();
}
const tell = (...words) => execFileSync(demo, words, { stdio: "ignore" });
/** How many rows of the table are seen and, with `more`, are so. */
const rowsAre = (page, what, count, more = "") => comes(page, what, ([more, count]) => document.querySelectorAll(`.v-row:not([hidden])${more}`).length === count, [more, count]);

let own;
let machines;
await step("somebody comes in by the token, and this machine has said what it is", async () => {
  const page = watch(await (await browser.newContext()).newPage(), hub);
  await page.goto(`${hub}/sign-in`);
  await enter(page);
  await page.waitForURL(`${hub}/`);
  state = await page.context().storageState();
  await page.context().close();
  own = await until("a machine of lyon says what it is", async () => {
    ({ machines } = await api("/api/v1/machines?q=site:lyon"));
    const whole = await Promise.all(machines.map(({ id }) => api(`/api/v1/machines/${id}`)));
    return whole.find((one) => one.facts?.system);
  });
});

await step("what the hub answers is what the pages take it for", async () => {
  const { wrong, places } = compared(await api("/api/v1/openapi.json"));
  so(wrong.length === 0, wrong.join("\n"));
  so(places > 80, `the places that ask are found: ${places}`);
});

await step("what a browser loads stays light, and is in one language", async () => {
  const size = (name) => gzipSync(readFileSync(new URL(name, DIST)), { level: 9 }).length;
  const sum = (names) => names.reduce((all, name) => all + size(name), 0);
  const kB = (bytes) => (bytes / 1024).toFixed(1);
  const files = readdirSync(new URL("assets/", DIST), { recursive: true }).filter((name) => name.includes(".")).map((name) => `assets/${name}`);
  for (const [language, other] of [["en", "fr"], ["fr", "en"]]) {
    const page = await open({ language });
    const loaded = new Set();
    page.on("response", (response) => response.url().includes("/assets/") && loaded.add(new URL(response.url()).pathname.slice(1)));
    await go(page, "/");
    so(loaded.size > 2 && ![...loaded].some((name) => name.startsWith(`assets/${other}/`)), `who reads ${language} loads nothing of ${other}`);
    const home = sum([...loaded, `${language}/index.html`]);
    const all = sum(files.filter((name) => !name.startsWith(`assets/${other}/`)));
    console.log(`walk: in ${language} home ${kB(home)} kB, all pages ${kB(all)} kB, packed; in both languages together ${kB(sum(files))} kB`);
    so(home <= HOME_BYTES && all <= ALL_BYTES, `home is at most ${kB(HOME_BYTES)} kB and all at most ${kB(ALL_BYTES)} kB in ${language}`);
    await page.context().close();
  }
});

const site = encodeURI(`/sites/${own.client}/${own.site}`);
const paths = [
  "/", "/incidents", "/incidents?standing=all", "/share?title=Rack&text=The%20upper%20fan%20stands%20still", "/machines", "/machines?group=site&sort=-cpu", `/machines?group=site&closed=${own.client}/${own.site}`,
  "/machines?view=cards&group=client", "/machines?view=heat", "/machines?view=heat&by=cpu&group=status",
  ...["", "/metrics", "/hardware", "/data", "/alerts"].map((tab) => `/machines/${own.id}${tab}`),
  "/add", "/sites", site, "/boards", "/maintenance", "/maintenance?view=month", "/maintenance?view=week", "/maintenance?new=1", "/status-pages", "/status-pages?new=1", "/rules?new=1", "/rules", "/rules/CpuBusy", "/audit", "/jobs", "/jobs?new=1", "/channels", "/people", "/devices",
];

/** So ordered that no two in a row are the same page at another address: whoever goes between them sees one go and another come. */
function apart(paths) {
  const kind = (path) => path.replace(/\?.*/, "").replace(/^(\/machines\/[^/]+\/).*/, "$1");
  const groups = [...new Set(paths.map(kind))].map((one) => paths.filter((path) => kind(path) === one));
  const order = [];
  while (order.length < paths.length) {
    const next = groups.filter((group) => group.length && kind(group[0]) !== kind(order.at(-1) ?? "")).sort((a, b) => b.length - a.length)[0];
    so(next, "there are enough other pages between those of a kind");
    order.push(next.shift());
  }
  return order;
}

/** Goes on to another page by a link, as people do: what is loaded stays. */
async function goOn(page, path) {
  await page.evaluate((path) => {
    document.querySelector("main").firstElementChild.dataset.before = "";
    const link = Object.assign(document.createElement("a"), { href: path });
    document.body.append(link);
    link.click();
    link.remove();
  }, path);
  await comes(page, `${path} comes in the place of the page before`, () => !document.querySelector("main [data-before]"));
  await rests(page, path);
}

/** All pages in one language, in all widths of a kind of screen and in both themes. In one of these looks each is loaded anew, in the others they are gone through by links. */
async function look(one, at) {
  const page = await open({ width: one.widths[0], theme: one.theme, language: one.language });
  await go(page, "/devices");
  for (const path of apart(paths)) {
    await (at === 0 ? go : goOn)(page, path);
    so((await page.getAttribute("html", "lang")) === one.language, `${path} says that it is in ${one.language}`);
    await everyWidth(page, path, one);
  }
  await page.context().close();
}

const lookAround = () => step(`${paths.length} pages in each width, light and dark, in English and French`, async () => {
  for (const some of [LOOKS.slice(0, 2), LOOKS.slice(2)]) await Promise.all(some.map((one) => look(one, LOOKS.indexOf(one))));
});

await step("the hub is taken into use by its first person", async () => {
  person = await begin(watch(await (await browser.newContext()).newPage(), hub), hub, token);
});
// One cut for all who look at it.
const [cut, heal] = ["cut", "heal"].map((what) => meeting(4, () => tell(what, "lyon")));
const walk = { hub, browser, step, open, go, watch, answered, accessible, everyWidth, write, paths, machines, site, cut, heal };
const publicPage = status(walk);
const onSite = sitePage({ ...walk, relay, token, home: site });
const people = ten(walk);
const seen = eyes(walk);

const byKeys = () => step("by keyboard alone: palette, filter, rows, help", async () => {
  const page = await open();
  await go(page, "/");
  await page.keyboard.press("Control+k");
  await page.waitForSelector("[role=combobox]");
  await page.keyboard.type(own.name);
  const at = () => page.$$eval("[role=option]", (hits, name) => hits.findIndex((hit) => hit.textContent.startsWith(name) && /machine/.test(hit.textContent)), own.name);
  await until(`the palette finds ${own.name}`, async () => (await at()) >= 0);
  for (let down = await at(); down > 0; down -= 1) await page.keyboard.press("ArrowDown");
  await comes(page, "the machine that was found is the current one", (name) => document.querySelector("[role=option][aria-selected=true] span")?.textContent === name, own.name);
  await page.keyboard.press("Enter");
  await comes(page, "the palette leads to the machine", (name) => document.querySelector("main h1")?.textContent === name, own.name);
  await chord(page, "g", "m");
  await page.waitForSelector(".v-row");
  await page.keyboard.press("/");
  await page.keyboard.type("site:brest");
  await comes(page, "the filter is in the address", () => new URLSearchParams(location.search).get("q") === "site:brest");
  await comes(page, "the filter leaves one site", () => {
    const sites = [...document.querySelectorAll(".v-row:not([hidden]) .site")].map((cell) => cell.textContent);
    return sites.length > 0 && sites.every((site) => site.endsWith("brest"));
  });
  await page.keyboard.press("Escape");
  for (const key of ["j", "j", "x"]) await page.keyboard.press(key);
  await rowsAre(page, "x selects the current row", 1, "[aria-selected=true]");
  await page.keyboard.press("Enter");
  await comes(page, "Enter opens the current row", () => /^\/machines\/[0-9a-f]{32}$/.test(location.pathname));
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open] kbd");
  await page.click("dialog[open] summary");
  await accessible(page, "keys, help and what is said of accessibility");
  await page.keyboard.press("Escape");
  await comes(page, "Escape closes the help", () => !document.querySelector("dialog[open]"));
  await page.goBack();
  await comes(page, "Back leads to the filter", () => location.search.includes("brest"));
  await page.context().close();
});

const manyByKeys = () => step("by keyboard alone: cards, heatmap, and many machines at once", async () => {
  const page = await open();
  await go(page, "/machines?view=cards&group=site");
  await page.waitForSelector(".tile");
  await page.focus(".cards");
  for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "Space"]) await page.keyboard.press(key);
  await comes(page, "Space selects the current card", () => document.querySelectorAll(".tile[aria-selected=true]").length === 1);
  /** What the grid says is its current cell. */
  const cell = (selector) => page.$eval(selector, (grid) => document.getElementById(grid.getAttribute("aria-activedescendant") ?? "")?.outerHTML ?? "");
  await until("the grid says which card is the current one", async () => /class="[^"]*current/.test(await cell(".cards")));
  await page.keyboard.press("v");
  await page.waitForSelector(".heat canvas");
  await page.focus(".heat");
  await page.keyboard.press("End");
  await until("the heatmap says its cell in words", async () => /(till|vm)[^]*CPU/.test(await cell(".heat")));
  await comes(page, "what was chosen among the cards is chosen here, too", () => document.querySelector(".bulk")?.textContent.includes("1"));
  await accessible(page, "the heatmap with its cursor");
  await page.keyboard.press("Enter");
  await comes(page, "Enter opens the cell's machine", () => /^\/machines\/[0-9a-f]+$/.test(location.pathname));
  await go(page, "/machines?q=site:brest");
  await page.waitForSelector(".v-row:not([hidden]) .name a");
  await page.focus("[role=grid]");
  for (const key of ["ArrowDown", "Space", "Shift+ArrowDown"]) await page.keyboard.press(key);
  await rowsAre(page, "Space and Shift with an arrow select two", 2, "[aria-selected=true]");
  await page.keyboard.press("Control+a");
  const all = (await page.$$(".v-row:not([hidden])")).length;
  await rowsAre(page, "Ctrl+A selects all of the filter", all, "[aria-selected=true]");
  await page.keyboard.press("Space");
  await rowsAre(page, "Space takes one back", all - 1, "[aria-selected=true]");
  await page.click("text=/Maintenance…/");
  await page.waitForSelector("dialog[open] button.primary:not([disabled])");
  await accessible(page, "what is shown before many are muted");
  await page.click("dialog[open] button.primary");
  await comes(page, "each of them is done", (n) => document.querySelectorAll("dialog[open] li.done").length === n, all - 1);
  await accessible(page, "what came of each");
  const muted = (await api("/api/v1/maintenance")).maintenance.filter((one) => one.active && one.wish.site === "brest").length;
  so(muted === all - 1, `a window for each of them, and the one that was taken back is not muted: ${muted} of ${all}`);
  await page.keyboard.press("Escape");
  await page.context().close();
});

const comeBack = () => step("a link that is opened before signing in leads back to its page", async () => {
  const page = watch(await (await browser.newContext()).newPage(), hub);
  const link = "/machines?q=site%3Alyon&view=heat";
  await page.goto(hub + link);
  await page.waitForURL(`${hub}/sign-in`);
  await enter(page);
  await page.waitForSelector(".heat canvas");
  await page.waitForURL(hub + link);
  await page.goto(`${hub}/`);
  await page.waitForSelector("main h1", { state: "attached" });
  so(page.url() === `${hub}/`, `it leads there only once: ${page.url()}`);
  await page.context().close();
});

const throughCut = () => step("a cut: seen without loading anew, nothing behind it green, taken, and over", async () => {
  const home = await open();
  await go(home, "/");
  const list = await open();
  await go(list, "/machines?q=site:lyon");
  await list.waitForSelector(".v-row:not([hidden]) .status.tone-ok");
  await cut();
  const begun = Date.now();
  const row = home.locator("main ol.rows a.row", { has: home.locator(".title", { hasText: "lyon" }) }).filter({ hasText: /cut off/i }).first();
  const told = row.waitFor().then(() => Date.now());
  await comes(list, "nothing behind the cut is green", () => {
    const states = [...document.querySelectorAll(".v-row:not([hidden]) .status")];
    return states.length > 0 && states.every((cell) => !cell.classList.contains("tone-ok"));
  });
  const seconds = (at) => ((at - begun) / 1000).toFixed(1);
  console.log(`walk: nothing behind the cut is green after ${seconds(Date.now())} s (goal on a quiet machine: 35), and it is told after ${seconds(await told)} s`);
  await list.waitForSelector(".v-row:not([hidden]) .status.hatched");
  await accessible(list, "machines behind a cut");
  await row.click();
  await home.waitForSelector("article h1");
  await accessible(home, "the incident of a cut");
  await home.click("text=/^✓ /");
  await home.waitForSelector("li.acknowledge");
  await home.locator("article", { hasText: "does not know of it yet" }).waitFor();
  await heal();
  await home.waitForSelector("li.ended");
  await list.waitForSelector(".v-row:not([hidden]) .status.tone-ok");
  await chord(home, "g", "h");
  await home.locator("main section.card li", { hasText: "lyon" }).first().waitFor();
  await home.context().close();
  await list.context().close();
});

// What waits for one another goes in a row, what does not goes beside it.
async function work() {
  await forms(walk);
  await boards(walk);
  await byKeys();
  await manyByKeys();
  await comeBack();
  await people.quiet();
  await seen.observer();
  await seen.otherwise();
}
await Promise.all([publicPage.published(), onSite.light(), lookAround(), work(), seen.large()]);
await Promise.all([throughCut(), publicPage.throughCut(), onSite.throughCut(), people.throughCut()]);
await publicPage.gone();

await step("the hub is killed: the page says so, counts down, and goes on by itself", async () => {
  const page = await open();
  await go(page, "/machines");
  await page.waitForSelector(".v-row:not([hidden])");
  // The hub is back after seconds: what is there for so short is written down as it comes.
  await page.evaluate(() => {
    globalThis.seen = {};
    const look = () => {
      if (document.querySelector(".pill.copy")) globalThis.seen.copy ??= document.querySelectorAll(".v-row:not([hidden])").length;
      if (document.querySelector(".banner.warn button")) globalThis.seen.counts = true;
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  tell("kill", "hub");
  await comes(page, "the copy stays, and is said to be one", () => globalThis.seen.copy > 0);
  await comes(page, "the page counts down", () => globalThis.seen.counts);
  await page.waitForSelector(".pill.live, .banner.bad");
  await page.context().close();
});

await browser.close();
console.log("walk: all of it is so");
