// How quick is the list of machines? `measure.mjs HUB TOKEN` measures a hub that runs (`deploy/rehearsal/measure-web` fills one
// with a swarm); `measure.mjs stand-in [MACHINES]` what the pages themselves take, `--dist FOLDER` those of another folder, so that
// two versions can be measured in turn. Each figure stands beside its goal, and the load of this machine beside all of them;
// `--trace FILE` keeps a trace of the scroll that Chromium's tools read.
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { standIn } from "./stand-in.mjs";

const { values: { trace, dist }, positionals: [first, second] } = parseArgs({ allowPositionals: true, options: { trace: { type: "string" }, dist: { type: "string" } } });
if (!first || (first !== "stand-in" && !second)) {
  console.error("usage: measure.mjs HUB TOKEN | stand-in [MACHINES] [--dist FOLDER]   [--trace FILE]");
  process.exit(2);
}
const own = first === "stand-in" ? await standIn(Number(second ?? 10_000), dist && pathToFileURL(`${dist}/`)) : undefined;
const hub = own?.url ?? first;
const LOADS = 5;

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-precise-memory-info"] });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB" });
if (!own) {
  const door = await context.newPage();
  await door.goto(`${hub}/sign-in`);
  await door.click("details summary");
  await door.fill("input[name=token]", second);
  await door.click("details button");
  await door.waitForURL(`${hub}/`);
  await door.close();
}

const sorted = (all) => [...all].sort((a, b) => a - b);
const at = (all, share) => sorted(all)[Math.min(all.length - 1, Math.ceil(all.length * share) - 1)];
const figures = [];
const figure = (name, value, unit, goal, least = false) => {
  const good = goal === undefined ? undefined : least ? value >= goal : value <= goal;
  figures.push({ name, value: Math.round(value * 10) / 10, unit, goal, good });
  console.log(`${name.padEnd(52)} ${value.toFixed(1).padStart(8)} ${unit.padEnd(4)} ${goal === undefined ? "" : `${least ? "≥" : "≤"} ${goal}  ${good ? "yes" : "NO"}`}`);
};

/** From the beginning of the navigation to the frame in which the first row stands. */
async function firstRow(path, selector, empty) {
  const page = empty ? await (await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", storageState: await context.storageState() })).newPage() : await context.newPage();
  await page.addInitScript((wanted) => {
    const look = () => {
      if (document.querySelector(wanted)) requestAnimationFrame(() => (globalThis.firstRowMs = performance.now()));
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    globalThis.longTasks = [];
    new PerformanceObserver((list) => globalThis.longTasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ entryTypes: ["longtask"] });
  }, selector);
  await page.goto(hub + path, { waitUntil: "commit" });
  await page.waitForFunction(() => globalThis.firstRowMs !== undefined, null, { timeout: 60_000 });
  const told = await page.evaluate(() => ({ ms: globalThis.firstRowMs, longest: Math.max(0, ...globalThis.longTasks) }));
  return { page, ...told };
}

async function firsts(name, path, selector, goal) {
  for (const empty of [true, false]) {
    const all = [];
    for (let n = 0; n < LOADS; n += 1) {
      const { page, ms, longest } = await firstRow(path, selector, empty);
      all.push({ ms, longest });
      await (empty ? page.context() : page).close();
    }
    figure(`${name}, ${empty ? "nothing kept" : "files kept"} (median of ${LOADS})`, at(all.map((one) => one.ms), 0.5), "ms", goal);
    figure(`${name}: longest task`, at(all.map((one) => one.longest), 0.5), "ms");
  }
}

/** Frames while the wheel turns for five seconds. */
async function scrolled(page, selector) {
  const box = await (await page.$(selector)).boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.evaluate(() => {
    globalThis.frames = [];
    let last = performance.now();
    const count = (now) => {
      globalThis.frames.push(now - last);
      last = now;
      if (globalThis.frames) requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  });
  const until = Date.now() + 5000;
  for (let n = 0; Date.now() < until; n += 1) {
    await page.mouse.wheel(0, n % 120 < 60 ? 240 : -160);
    await page.waitForTimeout(16);
  }
  const frames = (await page.evaluate(() => { const all = globalThis.frames; globalThis.frames = undefined; return all; }).catch(() => [])).slice(2);
  return { fps: (1000 * frames.length) / frames.reduce((all, one) => all + one, 0), p95: at(frames, 0.95), worst: Math.max(...frames), count: frames.length };
}

/** From a key to the frame after what it changed; Chromium's own event timing, which ends with the paint. */
async function typed(page, input, text) {
  await page.click(input);
  await page.evaluate(() => {
    globalThis.keyed = [];
    document.addEventListener("keydown", () => {
      const begun = performance.now();
      requestAnimationFrame(() => { const channel = new MessageChannel(); channel.port1.onmessage = () => globalThis.keyed.push(performance.now() - begun); channel.port2.postMessage(0); });
    }, { capture: true });
  });
  for (const key of text) {
    await page.keyboard.press(key === " " ? "Space" : key);
    await page.waitForTimeout(120);
  }
  for (let n = 0; n < text.length; n += 1) {
    await page.keyboard.press("Backspace");
    await page.waitForTimeout(60);
  }
  return page.evaluate(() => globalThis.keyed);
}

/** What people do with the list, one after the other: from the hand to the paint, as Chromium's own event timing has it. */
async function interactions(page) {
  await page.evaluate(() => {
    globalThis.took = [];
    new PerformanceObserver((list) => globalThis.took.push(...list.getEntries().filter((one) => one.interactionId).map(({ duration, name }) => ({ duration, name })))).observe({ type: "event", durationThreshold: 16 });
  });
  const rest = () => page.waitForTimeout(250);
  const acts = [
    ...["cpu", "memory", "name", "status"].map((name) => () => page.click(`[role=columnheader].${name} button`)),
    ...["j", "j", "k", "x", "j", "x", "PageDown", "End", "Home", "*", "*"].map((key) => () => page.keyboard.press(key)),
    () => page.selectOption(".tools select", "site"), () => page.click(".v-row.group:not([hidden]) .v-group button >> nth=0"), () => page.selectOption(".tools select", "none"),
    ...["v", "v", "v"].map((key) => () => page.keyboard.press(key)),
    () => page.keyboard.press("Control+k"), ...[..."till"].map((key) => () => page.keyboard.press(key)), () => page.keyboard.press("Escape"),
  ];
  await page.focus("[role=grid]");
  for (const act of acts) {
    await act();
    await rest();
  }
  // Without an entry it took less than the least that is told.
  const told = await page.evaluate(() => globalThis.took);
  const slow = told.sort((a, b) => b.duration - a.duration)[0];
  const all = [...told.map((one) => one.duration), ...Array(Math.max(0, acts.length - told.length)).fill(16)];
  return { all, slow };
}

async function heap(page) {
  const cdp = await context.newCDPSession(page);
  await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  await cdp.detach();
  return usedSize / 1e6;
}

/** What the page's own thread took of a processor meanwhile, in ms: the same on a busy machine, where all times are longer. */
async function worked(page, walk) {
  const cdp = await context.newCDPSession(page);
  await cdp.send("Performance.setTimeDomain", { timeDomain: "threadTicks" });
  await cdp.send("Performance.enable");
  const took = async () => (await cdp.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value * 1000;
  const before = await took();
  const result = await walk();
  const ms = (await took()) - before;
  await cdp.detach();
  return { result, ms };
}

const load = () => loadavg()[0];
const before = load();
await firsts("machines: first row", "/machines", ".v-row .name a", 500);
const { page } = await firstRow("/machines", ".v-row .name a", false);
await page.waitForTimeout(1500);
const total = await page.evaluate(() => Number(document.querySelector("[role=grid]")?.getAttribute("aria-rowcount")) - 1);
figure("machines in the list", total, "");
figure("elements in the document", await page.evaluate(() => document.querySelectorAll("*").length), "", 2500);
if (trace) await browser.startTracing(page, { categories: ["devtools.timeline", "disabled-by-default-devtools.timeline", "disabled-by-default-v8.cpu_profiler", "v8.execute", "blink.user_timing"] });
const { result: wheel, ms: wheelMs } = await worked(page, () => scrolled(page, "[role=grid]"));
if (trace) writeFileSync(trace, await browser.stopTracing());
figure("scroll: frames each second", wheel.fps, "", 55, true);
figure("scroll: 95 of 100 frames within", wheel.p95, "ms", 25);
figure("scroll: worst frame", wheel.worst, "ms", 50);
figure("scroll: processor time of a frame", wheelMs / wheel.count, "ms");
const { result: keys, ms: keysMs } = await worked(page, () => typed(page, "input[type=search]", "site:site-01 cpu:>9"));
figure("filter: from the key to the paint, p95", at(keys, 0.95), "ms", 50);
figure("filter: median", at(keys, 0.5), "ms");
figure("filter: processor time of a key", keysMs / keys.length, "ms");
const { result: acts, ms: actsMs } = await worked(page, () => interactions(page));
figure("interactions: from the hand to the paint, p95", at(acts.all, 0.95), "ms", 100);
figure(`interactions: slowest (${acts.slow?.name ?? "none"})`, acts.slow?.duration ?? 16, "ms");
figure("interactions: processor time of all", actsMs, "ms");
figure("heap after that", await heap(page), "MB", 80);
await page.close();

for (const view of ["cards", "heat"]) {
  const selector = view === "heat" ? ".heat canvas" : ".cards .tile .name";
  const first = await firstRow(`/machines?view=${view}`, selector, false).catch(() => undefined);
  if (!first) continue;
  figure(`${view}: first`, first.ms, "ms", 1000);
  await first.page.waitForTimeout(1500);
  figure(`${view}: elements in the document`, await first.page.evaluate(() => document.querySelectorAll("*").length), "", 2500);
  const { result: moved, ms } = await worked(first.page, () => scrolled(first.page, view === "heat" ? ".heat" : ".cards"));
  figure(`${view}: scroll, frames each second`, moved.fps, "", 55, true);
  figure(`${view}: processor time of a frame`, ms / moved.count, "ms");
  await first.page.close();
}
console.log(`load of this machine: ${before.toFixed(2)} before, ${load().toFixed(2)} after; ${figures.filter((one) => one.good === false).length} goals missed`);
await browser.close();
own?.end();
