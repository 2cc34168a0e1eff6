// Do people come in by a house that speaks SAML? In Debian's Chromium, by a provider that is not ours (pysaml2 with xmlsec1), against
// a hub of its own: `saml.mjs CLOUD PYTHON IDP FOLDER [PICTURES]`: the hub's program, a Python with pysaml2, idp.py, and a folder
// with the keys hub, one and two. Provider and hub are two sites to the browser, so what is posted comes without the hub's cookies.
// Ends with 1 at the first thing that is not so.
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [cloud, python, idp, folder, pictures] = process.argv.slice(2);
if (!folder) {
  console.error("usage: saml.mjs CLOUD PYTHON IDP FOLDER [PICTURES]");
  process.exit(2);
}
const so = (is, what) => {
  if (!is) throw new Error(`not so: ${what}`);
};
const until = async (what, ask, patience = 60_000) => {
  for (const begun = Date.now(); Date.now() - begun < patience; ) {
    const found = await ask();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`it does not come to it that ${what}`);
};
const step = async (name, walk) => {
  const begun = Date.now();
  await walk();
  console.log(`saml: ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
};
const free = () => new Promise((done) => {
  const spare = createServer();
  spare.listen(0, "127.0.0.1", () => {
    const { port } = spare.address();
    spare.close(() => done(port));
  });
});
const ended = (child) => new Promise((done) => (child.exitCode ?? child.signalCode) === null ? child.once("exit", done) : done());

// ---- a hub that begins without the provider's metadata

const [hubPort, idpPort] = [await free(), await free()];
const [place, house] = [`http://127.0.0.1:${hubPort}`, `http://localhost:${idpPort}`];
const metadata = join(folder, "known.xml");
const settings = (more) => writeFileSync(join(folder, "cloud.toml"), `[people]
url = "${place}"
[[sign_in]]
kind = "saml"
name = "office"
label = "The Office"
issuer = "${house}/metadata"
metadata_file = "${metadata}"
key_file = "${join(folder, "hub.pem")}"
certificate_file = "${join(folder, "hub.crt")}"
domains = ["acme.org"]
grants = ["observer@acme"]
${more}`);
let hub, provider, browser;
const begin = async () => {
  hub = spawn(cloud, ["run", "--listen", "127.0.0.1:0", "--advertise", "127.0.0.1:1", "--http", `127.0.0.1:${hubPort}`,
    "--config", join(folder, "cloud.toml"), "--data", join(folder, "hub")], { stdio: ["ignore", "ignore", "inherit"] });
  await until("the hub is up", () => fetch(`${place}/readyz`).then((answer) => answer.ok, () => false));
};
const kill = async (child) => {
  child.kill("SIGKILL");
  await ended(child);
};
process.on("exit", () => [hub, provider].forEach((child) => child?.kill("SIGKILL")));

/** The provider with a key, and the other's certificate beside its own; the hub has its metadata, whole or not at all. */
const provide = async (...keys) => {
  if (provider) await kill(provider);
  rmSync(join(folder, "idp.xml"), { force: true });
  provider = spawn(python, ["-W", "ignore", idp, folder, String(idpPort), ...keys], { stdio: ["ignore", "inherit", "inherit"] });
  await until("the provider is up", () => fetch(`${house}/mode`).then((answer) => answer.ok, () => false));
};
const learn = () => {
  copyFileSync(join(folder, "idp.xml"), `${metadata}.part`);
  renameSync(`${metadata}.part`, metadata);
};
const mode = (how) => fetch(`${house}/mode?${new URLSearchParams(how)}`);

settings("");
await begin();
const token = readFileSync(join(folder, "hub", "http.token"), "utf8").trim();
const ask = async (path) => {
  const answer = await fetch(place + path, { headers: { authorization: `Bearer ${token}` } });
  so(answer.ok, `${path} is answered well: ${answer.status}`);
  return answer.json();
};
const told = async () => JSON.stringify(await ask("/api/v1/audit?limit=200")) + JSON.stringify(await ask("/api/v1/audit?client=acme&limit=200"));
const people = async () => (await ask("/api/v1/people")).people.map((one) => one.email);
const code = readFileSync(join(folder, "hub", "setup.code"), "utf8").trim();
const begun = await fetch(`${place}/begin`, {
  method: "POST", redirect: "manual", headers: { "content-type": "application/x-www-form-urlencoded" },
  body: new URLSearchParams({ organisation: "Dupont", email: "marie@dupont.example", password: "seven loud lanterns hum", code }).toString(),
});
so(begun.status === 303, `somebody takes the hub into use: ${begun.status}`);

// ---- a browser

browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const afresh = async (more = {}) => {
  const context = await browser.newContext({ locale: "en-GB", ...more });
  return context.newPage();
};
const picture = async (page, name) => {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
};
const button = (page) => page.click("a.button[href^='/sign-in/with/office']");
const atHouse = async (page, user) => {
  await page.waitForURL(/localhost.*\/sso\?/);
  await page.fill("input[name=user]", user);
  await page.fill("input[name=password]", `${user} of the office`);
  await page.click("button");
};
const comesIn = async (page, user = "ann") => {
  await page.goto(`${place}/sign-in`);
  await button(page);
  await atHouse(page, user);
  await page.waitForURL(new RegExp(`^${place}/`));
};
const says = (page) => page.textContent("main [role=alert]");
const me = (page) => page.evaluate(() => fetch("/api/v1/me").then((answer) => answer.ok ? answer.json() : undefined));
const isOut = async (page) => so(!(await me(page)), "nobody is signed in");

await step("without the provider's metadata the page says so, and what the provider needs is there already", async () => {
  const page = await afresh();
  await page.goto(`${place}/sign-in`);
  so((await page.textContent("a.button[href='/sign-in/with/office']")) === "Sign in with The Office", "the button has the name");
  await picture(page, "door");
  await button(page);
  so((await says(page)).includes("can not be asked now"), "it says that the house is away");
  await picture(page, "away");
  const own = await fetch(`${place}/sign-in/with/office/metadata`);
  so(own.headers.get("content-type") === "application/samlmetadata+xml", "the hub says what it is");
  writeFileSync(join(folder, "sp.xml"), await own.text());
  await provide("one");
  learn();
});

let page;
let answer;
await step("somebody who was going to a page signs in at the provider, by a question that is signed, and goes on to it", async () => {
  page = await afresh();
  await page.goto(`${place}/machines?q=site%3Alyon`);
  await page.waitForURL(`${place}/sign-in`);
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/back")) answer = request.postData();
  });
  await button(page);
  await atHouse(page, "ann");
  await page.waitForURL(`${place}/machines?q=site%3Alyon`);
  const { name, person } = await me(page);
  so(name === "ann@acme.org" && person.name === "Ann Lemoine" && person.sign_ins.includes("office"), `it is Ann: ${name}`);
  const cookies = await page.context().cookies(place);
  so(!cookies.some((cookie) => cookie.name === "vigie-way" && cookie.value), "what was kept on the way is gone");
  so(/person\.join.*person\.link.*session\.open/.test(await told()), "the audit tells of it");
});

await step("the answer that she came in by signs nobody in again, in her browser or another", async () => {
  for (const other of [page, await afresh()]) {
    const back = await other.context().request.post(`${place}/sign-in/with/office/back`, { data: answer, headers: { "content-type": "application/x-www-form-urlencoded" } });
    so(back.status() === 401 && (await back.text()).includes("Nobody was signed in"), `it is refused: ${back.status()}`);
  }
  so((await told()).includes("this answers no sign-in"), "the audit tells of it");
});

await step("whom the provider knows comes in without being asked there, and proves themselves where that is needed", async () => {
  const old = await afresh();
  await mode({ age: "3600" });
  await comesIn(old);
  await mode({ age: "0" });
  await old.context().clearCookies({ domain: "127.0.0.1" });
  await old.goto(`${place}/sign-in`);
  await button(old);
  await old.waitForURL(`${place}/`);
  so((await me(old)).name === "ann@acme.org", "without a password");
  await old.goto(`${place}/account`);
  await old.click("form[action='/account/telephone'] button");
  await picture(old, "prove");
  await old.click("a.button[href='/sign-in/with/office?again=1']");
  await atHouse(old, "ann");
  await old.waitForURL(`${place}/account`);
  await old.click("form[action='/account/telephone'] button");
  so((await old.textContent("main h1")).includes("Telephone") || (await old.content()).includes("otpauth://"), "now it is offered");
});

await step("a response that is signed as a whole counts, and one that is signed twice", async () => {
  for (const signs of ["response", "both"]) {
    await mode({ signs });
    const other = await afresh();
    await comesIn(other);
    so((await me(other)).name === "ann@acme.org", signs);
  }
  await mode({ signs: "assertion" });
});

await step("what is signed by SHA-1, changed on its way or of a stranger is refused, in both languages", async () => {
  const before = await people();
  await mode({ hash: "sha1" });
  for (const [locale, word] of [["en-GB", "What the other house said is not believed"], ["fr-FR", "n’est pas jugée crédible"]]) {
    const other = await afresh({ locale, viewport: { width: 390, height: 844 }, colorScheme: locale === "fr-FR" ? "dark" : "light" });
    await comesIn(other);
    so((await says(other)).includes(word), await says(other));
    await picture(other, `not-believed-${locale}`);
    await isOut(other);
  }
  await mode({ hash: "sha256" });
  const changed = await afresh();
  await changed.route(/\/back$/, (route) => {
    const sent = new URLSearchParams(route.request().postData());
    const xml = Buffer.from(sent.get("SAMLResponse"), "base64").toString().replace(/ann@acme\.org/g, "marie@dupont.example");
    sent.set("SAMLResponse", Buffer.from(xml).toString("base64"));
    return route.request().method() === "POST" ? route.continue({ postData: sent.toString() }) : route.continue();
  });
  await comesIn(changed);
  so((await says(changed)).includes("not believed"), "it is refused");
  await isOut(changed);
  const stranger = await afresh();
  await comesIn(stranger, "eve");
  so((await says(stranger)).includes("Nobody here is known by this account"), "she is a stranger");
  await picture(stranger, "stranger");
  await isOut(stranger);
  const audit = await told();
  for (const why of ["SHA-1", "its signature is wrong", "nobody here is known"]) so(audit.includes(why), `the audit says ${why}`);
  so(JSON.stringify(await people()) === JSON.stringify(before), "nobody was made");
});

await step("the provider changes its key, and nobody notices who has its new metadata", async () => {
  await provide("two", "one");
  const early = await afresh();
  await comesIn(early);
  so((await says(early)).includes("not believed"), "a key that nobody told of is not believed");
  learn();
  const other = await afresh();
  await comesIn(other);
  so((await me(other)).name === "ann@acme.org", "both keys are known, without a restart");
  await provide("two");
  learn();
});

await step("the provider begins only where it may, once with each answer, though the hub is killed in between", async () => {
  const other = await afresh();
  await other.goto(`${house}/start?user=ann`);
  await other.waitForURL(new RegExp(`^${place}/`));
  so((await says(other)).includes("not believed"), "it may not");
  await isOut(other);
  await kill(hub);
  settings("idp_initiated = true\n");
  await begin();
  let unasked;
  other.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/back")) unasked = request.postData();
  });
  await other.goto(`${house}/start?user=ann`);
  await other.waitForURL(`${place}/`);
  so((await me(other)).name === "ann@acme.org", "it may");
  await kill(hub);
  await begin();
  const thief = await afresh();
  const again = await thief.context().request.post(`${place}/sign-in/with/office/back`, { data: unasked, headers: { "content-type": "application/x-www-form-urlencoded" } });
  so(again.status() === 401 && (await again.text()).includes("came in by this answer already"), `it was taken: ${again.status()}`);
  so((await told()).includes("somebody came in by this answer already"), "the audit tells of it");
});

await browser.close();
hub.kill("SIGTERM");
await ended(hub);
await kill(provider);
