// What does Lighthouse say of the pages, as a telephone on a slow line loads them? `lighthouse.mjs HUB TOKEN`, of a hub that runs.
// Lighthouse itself is fetched by npx in one version, so that scores can be compared; nothing else needs it.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const VERSION = "12.8.2";
const RUNS = 3;
const GOALS = { performance: 95, accessibility: 100, "best-practices": 100 };

const [hub, token] = process.argv.slice(2);
if (!hub || !token) {
  console.error("usage: lighthouse.mjs HUB TOKEN");
  process.exit(2);
}
const spare = createServer();
const port = await new Promise((told) => spare.listen(0, "127.0.0.1", () => told(spare.address().port)));
await new Promise((done) => spare.close(done));

const folder = mkdtempSync(join(tmpdir(), "vigie-lighthouse-"));
const context = await chromium.launchPersistentContext(folder, { executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", `--remote-debugging-port=${port}`] });
const door = context.pages()[0] ?? (await context.newPage());
await door.goto(`${hub}/sign-in`);
await door.click("details summary");
await door.fill("input[name=token]", token);
await door.click("details button");
await door.waitForURL(`${hub}/`);
const { machines } = await (await fetch(`${hub}/api/v1/machines?limit=1`, { headers: { authorization: `Bearer ${token}` } })).json();

async function judged(path) {
  const words = ["--yes", `lighthouse@${VERSION}`, hub + path, "--port", String(port), "--quiet", "--max-wait-for-load", "20000", "--output", "json", "--only-categories", Object.keys(GOALS).join(",")];
  const { stdout } = await promisify(execFile)("npx", words, { maxBuffer: 64 * 2 ** 20 });
  return JSON.parse(stdout);
}

let missed = 0;
for (const path of ["/", "/machines", `/machines/${machines[0].id}`, "/incidents"]) {
  const runs = [];
  for (let n = 0; n < RUNS; n += 1) runs.push(await judged(path));
  runs.sort((a, b) => a.categories.performance.score - b.categories.performance.score);
  const { categories, audits } = runs[RUNS >> 1];
  const scores = Object.entries(GOALS).map(([name, goal]) => {
    const score = Math.round(categories[name].score * 100);
    if (score < goal) missed += 1;
    return `${name} ${score} (≥ ${goal}${score < goal ? ", NO" : ""})`;
  });
  const figures = ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift", "speed-index"].map((id) => `${audits[id].title} ${audits[id].displayValue}`);
  console.log(`${path}: ${scores.join(", ")}; ${figures.join(", ")}`);
  for (const name of ["accessibility", "best-practices"]) {
    for (const { id } of categories[name].auditRefs.filter(({ id, weight }) => weight > 0 && audits[id].score !== null && audits[id].score < 1)) {
      const where = audits[id].details?.items?.slice(0, 3).map((item) => item.node?.snippet ?? item.description ?? item.url ?? JSON.stringify(item)).join(" | ");
      console.log(`  ${name}: ${audits[id].title}: ${where}`);
    }
  }
}
console.log(`median of ${RUNS} runs each, Lighthouse ${VERSION}, mobile; ${missed} goals missed`);
await context.close();
rmSync(folder, { recursive: true, force: true });
