// By which doors do people come in? In Debian's Chromium, against a hub of its own: `doors.mjs CLOUD PROVIDER`, the hub's program and
// a provider of OpenID Connect that is not ours. By its account, by a telephone's digits, by a passkey of a device that the browser
// plays; and what is wrong, old or copied opens nothing. Hub and provider are two sites to the browser. Ends with 1 at the first thing
// that is not so.
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { begin as firstPerson, ADMIN, PASSWORD } from "./forms.mjs";
import { begin, home, listening } from "./line.mjs";
import { so, trail, until } from "./trail.mjs";

const [cloud, program] = process.argv.slice(2);
if (!program) {
  console.error("usage: doors.mjs CLOUD PROVIDER");
  process.exit(2);
}
const at = home("doors");
const { step, watch } = trail("doors", at.log);

const spare = createServer();
const housePort = await listening(spare);
await new Promise((done) => spare.close(done));
const house = `http://127.0.0.1:${housePort}`;
const secret = join(at.folder, "house.secret");
writeFileSync(secret, "a secret that nobody else has");
const settings = (port) => `[outgoing]
allow = ["127.0.0.0/8"]
[people]
url = "http://localhost:${port}"
[[sign_in]]
kind = "oidc"
name = "house"
label = "The House"
issuer = "${house}"
client_id = "vigie"
client_secret_file = "${secret}"
domains = ["acme.org"]
grants = ["observer@acme"]
`;
const hub = await begin(cloud, at, settings);
const place = hub.direct.replace("127.0.0.1", "localhost");
const provider = spawn(process.execPath, [program, String(housePort), `${place}/sign-in/with/house/back`], { stdio: ["ignore", "ignore", "ignore"] });
process.on("exit", () => provider.kill("SIGKILL"));
await until("the provider is up", () => fetch(`${house}/.well-known/openid-configuration`).then((answer) => answer.ok, () => false));
const mode = async (is) => so((await (await fetch(`${house}/mode?is=${is}`)).text()) === is, `the house is ${is}`);

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const afresh = async (more = {}) => watch(await (await browser.newContext({ locale: "en-GB", ...more })).newPage());
const told = async () => JSON.stringify(await hub.ask("/api/v1/audit?limit=200")) + JSON.stringify(await hub.ask("/api/v1/audit?client=acme&limit=200"));
const me = (page) => page.evaluate(() => fetch("/api/v1/me").then((answer) => (answer.ok ? answer.json() : undefined)));
const isOut = async (page, what) => so(!(await me(page)), `nobody is signed in: ${what}`);
const says = (page) => page.textContent("main [role=alert]");
/** Of the last time that the house sent this browser back, the address. */
const backs = new WeakMap();
async function byHouse(page, user) {
  page.on("request", (request) => request.url().startsWith(`${place}/sign-in/with/house/back`) && backs.set(page, request.url()));
  await page.click("a.button[href^='/sign-in/with/house']");
  await page.waitForURL(`${house}/**`);
  await page.fill("input[name=login]", user);
  await page.fill("input[name=password]", "whatever the house asks for");
  await page.click("button[type=submit]");
  const allow = page.locator("button[type=submit]", { hasText: "Continue" });
  await Promise.race([allow.waitFor(), page.waitForURL(`${place}/**`)]);
  if (page.url().startsWith(house)) await allow.click();
  await page.waitForURL(`${place}/**`);
}
const atDoor = async (page = undefined) => {
  const own = page ?? (await afresh());
  await own.goto(`${place}/sign-in`);
  return own;
};

const person = await firstPerson(await afresh(), place, hub.code);

let ann;
await step("somebody who was going to a page comes in by an account of another house, and goes on to it", async () => {
  ann = await afresh();
  await ann.goto(`${place}/machines?q=site%3Alyon`);
  await ann.waitForURL(`${place}/sign-in`);
  so((await ann.textContent("a.button[href^='/sign-in/with/house']")) === "Sign in with The House", "the button has the name");
  await byHouse(ann, "ann");
  await ann.waitForURL(`${place}/machines?q=site%3Alyon`);
  const { name, person: own } = await me(ann);
  so(name === "ann@acme.org" && own.sign_ins.includes("house"), `it is Ann: ${name}`);
  so(/person\.join.*person\.link.*session\.open/.test(await told()), "the audit tells of it");
});

await step("the answer that she came in by signs nobody in again; nor does one that nobody asked for", async () => {
  const used = backs.get(ann);
  const another = new URL(used);
  another.searchParams.set("state", "x".repeat(43));
  for (const address of [used, another.href]) {
    const page = await afresh();
    so((await page.goto(address)).status() === 401, `it is refused: ${address.replace(/=.*/, "")}`);
    await isOut(page, "by an answer of before");
  }
  so((await told()).includes("this answers no sign-in"), "the audit tells of it");
});

await step("a token that is signed wrongly, for another client, or of another question is not believed", async () => {
  for (const [is, why] of [["changed", "its signature is wrong"], ["stranger", "it is meant for another program"], ["old", "it answers another sign-in"]]) {
    await mode(is);
    const page = await atDoor();
    await byHouse(page, "ann");
    so((await says(page)).includes("not believed"), `${is}: ${await says(page)}`);
    await isOut(page, is);
    so((await told()).includes(`is not believed: ${why}`), `the audit says that ${why}`);
  }
  await mode("unverified");
  const eve = await atDoor();
  await byHouse(eve, "eve");
  so((await says(eve)).length > 0, "it says why");
  await isOut(eve, "by an address that nobody verified");
  await mode("right");
  const again = await atDoor();
  await byHouse(again, "ann");
  so((await me(again)).name === "ann@acme.org", "and Ann comes in as before");
});

/** What a telephone shows (RFC 6238), some steps of thirty seconds from now. */
function digits(secret, steps = 0) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac("sha1", key).update(counter).digest();
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
async function byPassword(page, code) {
  await page.fill("input[name=email]", ADMIN);
  await page.fill("input[name=password]", PASSWORD);
  await page.fill("input[name=code]", code);
  await page.click("form[action='/sign-in'] button.primary");
  await page.waitForLoadState();
}

await step("a telephone is set up, and from then on a password opens with its digits, each once, or with a code that was written down", async () => {
  const page = await afresh({ storageState: person });
  await page.goto(`${place}/account`);
  await page.click("form[action='/account/telephone'] button");
  const key = (await page.textContent("main code")).replaceAll(" ", "");
  await page.fill("input[name=code]", "000000");
  await page.click("form[action='/account/telephone/confirm'] button");
  so((await says(page)).length > 0, "wrong digits set nothing up");
  const used = digits(key);
  await page.fill("input[name=code]", used);
  await page.click("form[action='/account/telephone/confirm'] button");
  const codes = await page.locator("main li code").allTextContents();
  so(codes.length >= 8, `codes to be written down: ${codes.length}`);

  const door = await atDoor();
  for (const wrong of ["", "123456", used]) {
    await byPassword(door, wrong);
    await isOut(door, `by the digits "${wrong === used ? "of before" : wrong}"`);
    await atDoor(door);
  }
  await byPassword(door, codes[0]);
  so((await me(door))?.name === ADMIN, "a code that was written down opens");
  const second = await atDoor();
  await byPassword(second, codes[0]);
  await isOut(second, "by a code that was used");
  await atDoor(second);
  // A telephone's clock may be ahead by a step, and the next digits are not those of before.
  await byPassword(second, digits(key, 1));
  so((await me(second))?.name === ADMIN, "digits open");
});

await step("a passkey of a device opens without a password; not for somebody whom the device does not know, nor for a copy of it", async () => {
  const page = await afresh({ storageState: person });
  const device = await page.context().newCDPSession(page);
  await device.send("WebAuthn.enable");
  const { authenticatorId } = await device.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  const held = async () => (await device.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
  const ask = (kind) => page.click(`form[data-passkey=${kind}] button`);
  const comesToSay = (words) => page.locator("form[data-passkey=sign-in] [role=status]", { hasText: words }).waitFor();
  await page.goto(`${place}/account`);
  await ask("add");
  await page.waitForURL(`${place}/account?done=1`);
  const [before] = await held();
  so(before.isResidentCredential && before.rpId === "localhost", "it is kept on the device, for this hub");

  const leave = async () => {
    await page.context().clearCookies();
    await atDoor(page);
  };
  await leave();
  await ask("sign-in");
  await page.waitForURL(`${place}/`);
  so((await me(page)).name === ADMIN, "it opens, without a password or digits");

  await leave();
  await device.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await ask("sign-in");
  await comesToSay("Your device gave no passkey");
  await isOut(page, "by a device that does not know who holds it");
  await device.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });

  // As it was before it was used: whoever copied the device then has this.
  const [now] = await held();
  so(now.signCount > before.signCount, "the device counts");
  await device.send("WebAuthn.clearCredentials", { authenticatorId });
  await device.send("WebAuthn.addCredential", { authenticatorId, credential: { ...before, signCount: 0 } });
  await atDoor(page);
  await ask("sign-in");
  await comesToSay("opens nothing any more");
  await isOut(page, "by a copy that counts backwards");
  const owner = await afresh({ storageState: person });
  await owner.goto(`${place}/account`);
  so((await owner.locator("form[action^='/account/passkeys/'] [role=alert]").count()) === 1, "its owner is told that there may be a copy");
});

await browser.close();
provider.kill();
hub.end();
console.log("doors: all of it is so");
