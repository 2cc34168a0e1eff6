// The trail of a walk: its steps as they end, what the pages complain of, and, where something is not so, all that helps to find
// out why, as the last lines of what is printed.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** How long anything is waited for. A machine that does much beside is slow, and not wrong: how quick pages are is measured elsewhere. */
export const PATIENCE_MS = 120_000;
/** By the clock and not by frames: few come where much is drawn. */
const LOOK_MS = 100;
/** What is known here costs nothing to look at. */
const ANSWERED_MS = 20;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** What axe finds by colours alone: of the other theme the rest is what it was. */
const COLOURS = ["color-contrast", "link-in-text-block"];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** On which screens each page is looked at, in which language, and in which colours first: of the others colours alone are looked at. */
export const LOOKS = [[1440], [390, 320]].flatMap((widths) => [
  { widths, language: "en", locale: "en-GB", theme: "light" },
  { widths, language: "fr", locale: "fr-FR", theme: "dark" },
]);

export const so = (is, what) => {
  if (!is) throw new Error(`not so: ${what}`);
};

/** Waits until it is so in the page: `look` is run there, with `given`. */
export async function comes(page, what, look, given) {
  const found = page.waitForFunction(look, given, { polling: LOOK_MS, timeout: PATIENCE_MS });
  await found.catch((error) => so(false, `${what} (${plain(error.message).split("\n")[0]})`));
}

/** Waits until it is so outside of the page. */
export async function until(what, ask, every_ms = 200) {
  for (const begun = Date.now(); Date.now() - begun < PATIENCE_MS; ) {
    const found = await ask();
    if (found) return found;
    await new Promise((done) => setTimeout(done, every_ms));
  }
  throw new Error(`it does not come to it that ${what}`);
}

/** What is done once for so many who go side by side: each waits here until all of them have come, and it is done. */
export function meeting(count, act) {
  let come = 0;
  let go;
  const done = new Promise((resolve) => (go = resolve));
  return () => {
    come += 1;
    if (come === count) go(act());
    return done;
  };
}

/** Two keys, one after the other, however long the page thinks between them. */
export const chord = (page, first, second) => Promise.all([page.keyboard.press(first), page.keyboard.press(second)]);

/** A walk of this name; `log` holds what the programs that it walks through complain of. */
export function trail(name, log) {
  const problems = [];
  const complaints = [];
  const pages = new Map();

  function watch(page, home) {
    page.setDefaultTimeout(PATIENCE_MS);
    const asked = new Set();
    pages.set(page, asked);
    const told = (what) => {
      complaints.push(`${page.url()}: ${what}`);
      return what;
    };
    page.on("close", () => pages.delete(page));
    page.on("pageerror", (error) => problems.push(told(`the page failed: ${error.stack ?? error.message}`)));
    page.on("console", (line) => {
      if (line.type() !== "error") return;
      const what = told(`the page complains: ${line.text()}`);
      if (!/Failed to load resource|net::ERR/.test(line.text())) problems.push(what);
    });
    page.on("request", (request) => {
      if (!request.url().endsWith("/api/v1/events")) asked.add(request);
      if (home && !request.url().startsWith(home) && !/^(blob|data):/.test(request.url())) problems.push(`something from elsewhere: ${request.url()}`);
    });
    for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => asked.delete(request));
    return page;
  }

  /** Waits until all that the page asked for is answered, but for the stream of events. */
  const answered = (page) => until("the page has all its answers", () => pages.get(page).size === 0, ANSWERED_MS);

  process.on("uncaughtException", (error) => void tell(error.step ?? "between two steps", error).finally(() => process.exit(1)));

  /** Steps may go side by side: what fails says which of them it was. */
  async function step(what, walk) {
    const begun = Date.now();
    try {
      await walk();
      so(problems.length === 0, problems.join("\n"));
    } catch (error) {
      error.step ??= what;
      throw error;
    }
    console.log(`${name}: ${what} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  }

  async function tell(what, error) {
    const say = (line) => console.error(`${name}: ${line}`);
    if (log && existsSync(log)) for (const line of readFileSync(log, "utf8").trimEnd().split("\n").slice(-20)) say(`log: ${line}`);
    for (const [page, asked] of pages) {
      const read = page.evaluate(() => `${innerWidth} px, ${document.documentElement.lang}: ${document.querySelector("main")?.innerText ?? document.body.innerText}`);
      const shown = await Promise.race([read.catch((failed) => plain(failed.message)), new Promise((done) => setTimeout(done, 5000, "it does not answer"))]);
      say(`page: ${page.url()}, ${shown.replace(/\s+/g, " ").slice(0, 700)}`);
      for (const request of asked) say(`not answered: ${request.method()} ${request.url()}`);
    }
    for (const one of complaints.slice(-10)) say(one);
    const [message, frames] = [plain(String(error.message ?? error)), plain(error.stack ?? "").split("\n").filter((line) => /^\s+at .*walk/.test(line))];
    for (const line of [...frames.slice(0, 6), ...message.split("\n").slice(0, 20)]) say(line);
    say(`NOT SO: ${what}`);
  }

  /** What axe finds; `only` its colours, where all else was looked at in other colours, and without some of its `rules`. */
  async function accessible(page, where, { only, rules = {} } = {}) {
    if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
    const runOnly = only ? { type: "rule", values: only } : { type: "tag", values: RULES };
    const found = await page.evaluate(async ([runOnly, rules]) => {
      const { violations } = await globalThis.axe.run(document, { runOnly, rules, resultTypes: ["violations"] });
      return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 160)}`);
    }, [runOnly, rules]);
    for (const one of found) problems.push(`${where}: ${one}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    so(wide <= 0, `${where} does not scroll sideways: ${wide} px`);
  }

  /** What axe finds on a page as it is loaded, in each width of a kind of screen, light and dark. */
  async function everyWidth(page, where, { widths, language, theme }, options) {
    const other = theme === "light" ? "dark" : "light";
    const { height } = page.viewportSize();
    for (const width of widths) {
      if (width !== page.viewportSize().width) {
        await page.setViewportSize({ width, height });
        await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      }
      await accessible(page, `${where} at ${width} ${theme} ${language}`, options);
      await page.emulateMedia({ colorScheme: other });
      await accessible(page, `${where} at ${width} ${other} ${language}`, { ...options, only: COLOURS });
      await page.emulateMedia({ colorScheme: theme });
    }
    await page.setViewportSize({ width: widths[0], height });
  }

  return { step, watch, answered, accessible, everyWidth };
}

/** Without the colours of a terminal. */
const plain = (text) => text.replace(/\u001b\[[0-9;]*m/g, "");
