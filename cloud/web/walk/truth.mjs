// Does a page say what is so of what is drained, lost, learnt late or measured by a wrong clock? In Debian's Chromium, against a hub
// with two sites of its own: `truth.mjs CLOUD`, the hub's program, with the others beside it. Lyon's line to the hub is cut for more
// than a minute and comes back slow, and at Brest a machine with a small store is cut off from its relay until it has to give something
// up; a third machine's clock is an hour ahead all the while. Ends with 1 at the first thing that is not so.
import { chromium } from "playwright-core";
import { begin, home } from "./line.mjs";
import { FAKETIME, mesh, spare } from "./mesh.mjs";
import { comes, LOOKS, so, trail, until } from "./trail.mjs";

const [cloud] = process.argv.slice(2);
if (!cloud) {
  console.error("usage: truth.mjs CLOUD");
  process.exit(2);
}
/** What tills measure, eight random bytes each: enough to see it come where the line carries no more than this. */
const [SERIES, SLOW_KBIT] = [150, 96];
/** A megabyte is full after some forty ticks of so many. */
const [MUCH, BUFFER_MIB] = [2_500, 1];
/** So many in a row are seen in a chart of an hour. */
const SEEN_LOST = 30;
/** From so much on it is said that something was learnt later than it happened. */
const LATE_MS = 60_000;

const at = home("truth");
const { step, watch, answered, accessible, everyWidth } = trail("truth", at.log);
const udp = await spare();
const { direct, token, ask, end } = await begin(cloud, at, "", udp);
const { client, line, relay, agent, status, stop } = mesh(cloud, at.folder);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });

const wan = await line("wan", udp);
const lyon = await relay("lyon", "relay-lyon", wan.udp);
const brest = await relay("brest", "relay-brest", udp);
const lan = await line("lan", brest.udp);
const tills = ["till-1", "till-2", "till-3", "till-4"];
const atLyon = FAKETIME ? [...tills, "clock"] : tills;
if (FAKETIME) agent("lyon", "clock", lyon.udp, { ahead: "+1h" });
for (const till of tills) agent("lyon", till, lyon.udp, { series: SERIES, kind: "noise" });
agent("brest", "freezer", lan.udp, { series: MUCH, kind: "noise", bufferMib: BUFFER_MIB });

let state;
async function open({ widths: [width], theme, locale } = LOOKS[0]) {
  const context = await browser.newContext({ storageState: state, viewport: { width, height: 900 }, colorScheme: theme, locale });
  return watch(await context.newPage(), direct);
}
async function go(page, path) {
  await page.goto(direct + path);
  await comes(page, `${path} comes`, () => document.querySelector("main h1") && document.querySelector(".pill.live") && !document.querySelector("main .bones"));
  await answered(page);
}
const text = async (page) => (await page.locator("main").innerText()).replace(/\s+/g, " ");
/** Until a page says all of this at once; what it said then. */
const says = (page, what, words) => until(`${what}: ${words.join(" and ")}`, async () => {
  const said = await text(page);
  return words.every((one) => one.test(said)) && said;
});
const machine = async (name) => (await ask("/api/v1/machines?limit=100")).machines.find((one) => one.name === name);
const site = async (name) => (await ask("/api/v1/sites")).sites.find((one) => one.name === name);
/** What a relay keeps of what happens at its site, asked at its own page. */
const onSite = async (path) => (await fetch(`http://127.0.0.1:${lyon.http}${path}`, { headers: { authorization: `Bearer ${lyon.token()}` } })).json();
const rung = ({ incidents }) => incidents.find((one) => one.rule === "BellRings");

await step("two sites are there, all their machines live, and a rule waits for a bell", async () => {
  const page = watch(await (await browser.newContext()).newPage(), direct);
  await page.goto(`${direct}/sign-in`);
  await page.click("details summary");
  await page.fill("input[name=token]", token);
  await page.click("details button");
  await page.waitForURL(`${direct}/`);
  state = await page.context().storageState();
  await page.context().close();
  await ask("/api/v1/watch/rules", { method: "POST", body: { name: "BellRings", client, site: "lyon", metric: "bell", above: "0", for: "0s" } });
  await until("all machines are live", async () => {
    const { machines } = await ask("/api/v1/machines?limit=100");
    return machines.length === atLyon.length + 1 && machines.every((one) => one.reachability.state === "live" && one.ledger.at_hub.ticks > 2);
  });
  await until("the relay has the rule", async () => (await onSite("/api/v1/rules")).data?.groups?.some((group) => group.rules.some((rule) => rule.name === "BellRings")));
});

if (!FAKETIME) console.log("truth: a wrong clock was not tried: libfaketime is not here (package faketime)");
else await step("a machine whose clock is an hour ahead is shown at the true time, and its clock is said to be wrong", async () => {
  const { id, last_sample } = await machine("clock");
  const off = Math.abs(Date.now() - Date.parse(last_sample.observed_at));
  so(off < LATE_MS, `its newest sample is of now, and not of in an hour: ${off} ms off`);
  for (const [look, words] of [[LOOKS[0], [/Live, /, /Clock 1\sh ahead\. Times corrected\./]], [LOOKS[3], [/En direct, /, /Horloge en avance de 1\sh\. Heures corrigées\./]]]) {
    const page = await open(look);
    await go(page, `/machines/${id}`);
    await says(page, "its page", words);
    await everyWidth(page, "a machine whose clock is off", look);
    await page.context().close();
  }
});

let cutAt;
await step("while both are cut nothing is claimed: a machine is silent at its site, the other site is cut off, and its bell rings there alone", async () => {
  for (const one of [wan, lan]) one.tell("cut");
  cutAt = Date.now();
  // By hand, at the relay's own door, as a script on site would.
  const push = await fetch(`http://127.0.0.1:${lyon.http}/api/v1/import/prometheus`, {
    method: "POST", headers: { authorization: `Bearer ${lyon.token()}`, "content-type": "text/plain" }, body: "bell 1\n",
  });
  so(push.ok, `the relay takes what is pushed to it: ${push.status} ${await push.text()}`);
  await until("the relay says that the bell rings", async () => rung(await onSite("/api/v1/incidents?limit=100")));
  const page = await open();
  await go(page, `/machines/${(await machine("freezer")).id}`);
  await says(page, "the machine that its relay does not hear", [/Not answering: last heard/]);
  await go(page, `/sites/${client}/lyon`);
  const said = await says(page, "the site that the hub does not hear", [/cut off/i]);
  so(!/Nothing is waiting/.test(said), "nobody claims that nothing waits there");
  so(!rung(await ask("/api/v1/incidents?limit=100")), "the hub can not know of the bell");
  await accessible(page, "a site that is cut off");
  await page.context().close();
});

await step("what a machine had to give up is counted as it counts it, with why and of which time", async () => {
  await until("its store had to give something up", () => status("freezer").ledger.given_up.evicted > SEEN_LOST);
  lan.tell("heal");
  const kept = await until("the hub knows all that it measured: it is there, or it is known why it is not", async () => {
    const { collected, given_up } = status("freezer").ledger;
    const { ledger, id } = await machine("freezer");
    const lost = ledger.given_up.reduce((sum, one) => sum + one.ticks, 0);
    // What had come before the cut, and of which the machine had not heard so when it gave it up, is here, and not lost.
    const known = lost > 0 && lost <= given_up.evicted && ledger.at_hub.ticks + lost === collected;
    return known && { id, lost, reasons: ledger.given_up.map((one) => one.reason) };
  });
  so(`${kept.reasons}` === "evicted", `no room was left, and nothing else: ${kept.reasons}`);
  for (const [look, words] of [[LOOKS[0], { own: `${kept.lost} measurements? lost`, why: `Lost: no room left ${kept.lost}`, when: "Lost \\(no room left\\)", none: /Nothing is missing/, gap: `lost: ${kept.lost} measurements? \\(no room was left\\)` }],
    [LOOKS[3], { own: `Perdu : ${kept.lost}`, why: `Perdus? : plus de place ${kept.lost}`, when: "Perdus? \\(plus de place\\)", none: /Rien ne manque/, gap: `perdu : ${kept.lost} relevés? \\(plus de place\\)` }]]) {
    const page = await open(look);
    await go(page, `/machines/${kept.id}`);
    await says(page, "its page counts it", [new RegExp(words.own)]);
    await everyWidth(page, "a machine that lost something", look);
    await go(page, `/machines/${kept.id}/data`);
    const said = await says(page, "its data say why, and of which time", [new RegExp(words.why), new RegExp(words.when)]);
    so(!words.none.test(said), "and not that nothing is missing");
    await everyWidth(page, "data of a machine that lost something", look);
    await go(page, `/machines/${kept.id}/metrics`);
    await comes(page, "its charts say that it is lost there", (gap) => [...document.querySelectorAll("main *")].some((one) => new RegExp(gap).test(one.getAttribute("aria-label") ?? one.textContent)), words.gap);
    await page.context().close();
  }
  const page = await open();
  await go(page, "/machines?q=site:brest");
  so((await page.locator(".v-row:not([hidden])", { hasText: "freezer" }).first().innerText()).includes(`${kept.lost}`), "the table says it, too");
  await page.context().close();
});

await step("a site that catches up over a slow line says how much waits, how fast that goes down, and until when once that is steady", async () => {
  await until("what rang is older than what needs no word", () => Date.now() - cutAt > LATE_MS + 5_000);
  wan.tell("set", "--up-rate-kbit", `${SLOW_KBIT}`);
  wan.tell("heal");
  const page = await open();
  await go(page, `/sites/${client}/lyon`);
  const said = await says(page, "at first", [/[\d,]+ measurements waiting there/]);
  so(!/Nothing is waiting/.test(said), "and not that nothing waits");
  await accessible(page, "a site that catches up");
  // By what waits and by its pace each of them is so by itself: what is said is compared with what goes by.
  const first = await until("an end is told", async () => {
    const end = /([\d,]+) measurements waiting there.*Catching up by ([\d.]+) measurements\/s\. Caught up in about (?:(\d+)\smin\s?)?(?:(\d+)\ss)?/.exec(await text(page));
    return end && { at: Date.now(), ticks: Number(end[1].replaceAll(",", "")), pace: Number(end[2]), seconds: Number(end[3] ?? 0) * 60 + Number(end[4] ?? 0) };
  });
  so(Math.abs(first.seconds - first.ticks / first.pace) <= 0.2 * first.seconds + 3, `end, pace and what waits go together: ${JSON.stringify(first)}`);
  await go(page, "/");
  await says(page, "the strip of sites", [/catching up/]);
  const phone = await open(LOOKS[3]);
  await go(phone, `/sites/${client}/lyon`);
  await says(phone, "the same in French", [/relevés? en attente là-bas/, /Rattrapage de [\d,]+ relevés\/s/]);
  await everyWidth(phone, "a site that catches up", LOOKS[3]);
  await phone.context().close();
  await page.context().close();
});

await step("what happened behind the cut says when it was learnt, and by how much that is later", async () => {
  const one = await until("the hub learns that the bell rang", async () => rung(await ask("/api/v1/incidents?standing=all&limit=100")));
  so(Date.parse(one.learnt_at) - Date.parse(one.since) > LATE_MS, `it rang more than a minute before: ${one.since}, ${one.learnt_at}`);
  for (const [look, late] of [[LOOKS[0], /learnt \d\d:\d\d \(\+\d+\smin/], [LOOKS[3], /appris \d\d:\d\d \(\+\d+\smin/]]) {
    const page = await open(look);
    for (const path of ["/incidents?standing=all", `/incidents/${one.id}`]) {
      await go(page, path);
      await says(page, path, [late]);
      await everyWidth(page, `${path}, learnt late`, look);
    }
    await page.context().close();
  }
});

await step("the ledger of cuts says that it rang there, although the cut was noticed only after that", async () => {
  const page = await open();
  await go(page, `/sites/${client}/lyon`);
  const said = await says(page, "the cut", [/Cuts within 31 days \d\d:\d\d – \d\d:\d\d \(.*1 incident raised there/]);
  so(!/nothing raised there/.test(said), "and not that nothing was");
  await page.context().close();
});

await step("when all has come nothing waits, nothing more is lost, and each measurement is there once", async () => {
  wan.tell("set", "--up-rate-kbit", "0");
  const page = await open();
  await go(page, `/sites/${client}/lyon`);
  await says(page, "the site that has caught up", [/Nothing is waiting/]);
  so(!/Catching up|Caught up/.test(await text(page)), "and it catches up no more");
  await page.context().close();
  await stop(...atLyon);
  for (const name of atLyon) {
    const { ledger } = await until(`all of ${name} is at the hub`, async () => {
      const one = await machine(name);
      return one.ledger.waiting.ticks === 0 && one;
    });
    so(ledger.given_up.length === 0 && ledger.collected.ticks === ledger.at_hub.ticks, `${name} lost nothing: ${JSON.stringify(ledger)}`);
  }
  so((await site("lyon")).drain === null, "nothing is drained any more");
});

await browser.close();
await stop();
end();
console.log("truth: all of it is so");
