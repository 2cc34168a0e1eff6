// The forms, as people fill them in: each is saved, changed while somebody else changes it, and taken back; and who leaves one
// unsaved is asked.
import { createServer } from "node:http";
import { answersFromChats } from "./chats.mjs";
import { comes, so } from "./trail.mjs";

export const PASSWORD = "seven quiet lanterns hum";
export const ADMIN = "rut@example.org";
/** Somebody new each time, so that a hub is walked through again. */
const BOB = `bob-${Date.now().toString(36)}@example.org`;
const EVE = BOB.replace("bob", "eve");

/** Takes a new hub into use; what the browser keeps of being signed in as its first person. */
export async function begin(page, hub, token) {
  await page.goto(`${hub}/begin?code=${token}`);
  await page.fill("input[name=organisation]", "Dupont");
  await page.fill("input[name=email]", ADMIN);
  await page.fill("input[name=password]", PASSWORD);
  await page.click("form button.primary");
  await page.waitForURL(`${hub}/account`);
  const state = await page.context().storageState();
  await page.context().close();
  return state;
}

/** A receiver that refuses for good what it is told to, and counts what it takes. */
async function receiver() {
  const got = [];
  let status = 204;
  const server = createServer((request, response) => {
    got.push(request.headers["webhook-id"]);
    request.resume();
    response.writeHead(status).end();
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { url: `http://127.0.0.1:${server.address().port}/events`, got, answer: (with_) => (status = with_), close: () => server.close() };
}

export async function forms({ hub, step, open, go, watch, answered, accessible, write }) {
  const field = (page, label) => page.getByLabel(label, { exact: true }).locator("visible=true").first();
  const press = (page, name, within = "main") => page.locator(within).getByRole("button", { name, exact: true }).first().click();
  const gone = (page, text) => page.getByText(text, { exact: true }).first().waitFor({ state: "detached" });

  await step("a rule of one's own: tried, saved, changed while somebody else does, taken back", async () => {
    const page = await open({ signedIn: true });
    await go(page, "/rules");
    await page.keyboard.press("n");
    await field(page, "Name").fill("Busy till");
    await field(page, "Metric").fill("system_cpu_utilization_ratio");
    await field(page, "Threshold").fill("lots");
    await comes(page, "what is no number is told at its field", () => document.querySelectorAll("[aria-invalid=true]").length === 1);
    await field(page, "Threshold").fill("101%");
    await field(page, "Client").selectOption({ index: 1 });
    await accessible(page, "the form of a rule");
    await comes(page, "what was not tried is not saved", () => [...document.querySelectorAll("main button")].find((one) => one.textContent.trim() === "Save")?.disabled);
    await press(page, "How often would it have fired?");
    await page.getByText(/^Would have fired 0 times in 30 days/).waitFor();
    await page.getByText(/it would tell: “Busy till of /).waitFor();
    await press(page, "Save");
    await page.waitForURL(/\/rules\/Busy%20till/);
    await comes(page, "the rule is shown", () => document.querySelector("main code")?.textContent.includes("system_cpu_utilization_ratio"));
    await field(page, /^Threshold/).fill("102%");
    // The form has to know what it changes before somebody else does.
    await answered(page);
    const place = await page.locator("main select").first().inputValue();
    await write("POST", "/api/v1/watch/rules", { name: "Busy till", client: place, severity: "critical" });
    await press(page, "How often would it have fired?");
    await page.getByText(/so changed|So changed/i).waitFor();
    await press(page, "Save");
    await page.locator("main").getByText(/^Somebody else changed what is said/).waitFor();
    await press(page, "Save");
    await page.getByText("Nothing is different yet.").waitFor();
    await press(page, "Take back");
    await page.getByText(/^No rule of this name/).waitFor();
    await page.context().close();
  });

  await step("a route: its ladder, its quiet hours, two who change it, and its end", async () => {
    const page = await open({ signedIn: true });
    await go(page, "/channels");
    await press(page, "New route");
    await field(page, "Name").fill("walk");
    await field(page, "Told at once by these channels").fill("desk");
    await page.keyboard.press("Enter");
    await press(page, "Add a step");
    await field(page, "After (min)").fill("10");
    await field(page, "By channels").fill("phone");
    await page.keyboard.press("Enter");
    await page.getByRole("group", { name: "Quiet hours" }).getByRole("button", { name: "Add hours" }).click();
    await field(page, "Time zone").fill("Mars/Base");
    await page.getByText("“Mars/Base” is no time zone: Europe/Paris.").waitFor();
    await field(page, "Time zone").fill("Europe/Paris");
    await accessible(page, "the form of a route");
    await press(page, "Save");
    const card = page.locator("article", { has: page.getByRole("heading", { name: "walk", exact: true }) });
    await card.getByText("after 10 min").waitFor();
    await answersFromChats(page, card, accessible);
    await card.getByRole("button", { name: "Change" }).click();
    await card.getByLabel("From this severity on").selectOption("critical");
    await write("PUT", "/api/v1/routes/walk", { channels: ["desk", "mail"], zone: "Europe/Paris" });
    await card.getByRole("button", { name: "Save", exact: true }).click();
    await card.getByText("channels: desk became desk, mail").waitFor();
    await accessible(page, "a route that two people change");
    await card.getByRole("button", { name: "Save mine over it" }).click();
    await card.locator("form").waitFor({ state: "detached" });
    await card.getByRole("button", { name: "Remove", exact: true }).click();
    await card.getByRole("button", { name: "Really remove it" }).click();
    await card.waitFor({ state: "detached" });
    await page.context().close();
  });

  await step("a schedule: its people, its week, who stands in", async () => {
    const page = await open({ signedIn: true });
    await go(page, "/channels");
    await press(page, "New schedule");
    const form = page.getByRole("form", { name: "Schedule" });
    await form.getByLabel("Name", { exact: true }).first().fill("nights");
    for (const [at, name] of ["marie", "paul"].entries()) {
      if (at) await press(page, "Add somebody");
      const person = form.locator(".person").nth(at);
      await person.getByLabel("Name", { exact: true }).fill(name);
      await person.getByLabel("Told by").fill("sms");
      await person.getByLabel("at", { exact: true }).fill("+33612345678");
    }
    const turns = form.getByLabel("Turns, one after the other, then from the first again");
    for (const name of ["marie", "paul"]) {
      await turns.selectOption(name);
      await form.locator(".field.wide").getByRole("button", { name: "Add", exact: true }).click();
    }
    await accessible(page, "the form of a schedule");
    await press(page, "Save");
    const card = page.locator("article", { has: page.getByRole("heading", { name: /^nights/ }) });
    await card.locator(".days .shift").first().waitFor();
    await comes(page, "a week has seven days", () => document.querySelectorAll("article .days li").length === 7);
    await card.getByRole("button", { name: "Stand in" }).click();
    await card.getByLabel("Who").selectOption("paul");
    const day = new Date(Date.now() + 26 * 3_600_000).toISOString().slice(0, 16);
    await card.getByLabel("Until").fill(day);
    await card.getByRole("button", { name: "Have them stand in" }).click();
    await card.locator(".stands").first().waitFor();
    await accessible(page, "a week of who is on call");
    await card.getByRole("button", { name: "Remove", exact: true }).click();
    await card.getByRole("button", { name: "Really remove it" }).click();
    await card.waitFor({ state: "detached" });
    await page.context().close();
  });

  await step("a webhook: its secret once, a test with what the receiver said, and its end", async () => {
    const page = await open({ signedIn: true });
    const other = await receiver();
    await go(page, "/channels");
    await press(page, "Add a webhook");
    await field(page, "Address").fill(other.url);
    await page.getByLabel("alerts", { exact: true }).check();
    await press(page, "Save");
    const secret = await page.locator("main code").filter({ hasText: /^whsec_/ }).textContent();
    so(secret.startsWith("whsec_"), "the secret is shown");
    await press(page, "I have it");
    await gone(page, secret);
    const row = page.locator("li", { hasText: other.url });
    await row.getByRole("button", { name: "Test" }).click();
    // The hub's guard lets nothing go to loopback unless its file says so: what came of it is told either way.
    await row.getByText(/(Taken in|Not taken, after) /).waitFor();
    await accessible(page, "webhooks");
    await row.getByRole("button", { name: "Remove" }).click();
    await row.getByRole("button", { name: /^Really remove/ }).click();
    await row.waitFor({ state: "detached" });
    other.close();
    await page.context().close();
  });

  await step("the organisation: every button does what it says", async () => {
    const page = await open({ signedIn: true });
    await go(page, "/people");
    // Somebody is invited, and takes it up.
    const invite = page.locator("form", { has: page.getByRole("button", { name: "Invite", exact: true }) });
    await invite.getByLabel("Address").fill(BOB);
    await invite.getByLabel("Name").fill("Bob");
    await invite.getByLabel("Where").fill("demo");
    await invite.getByRole("button", { name: "Invite" }).click();
    const code = await page.locator(".banner code").textContent();
    await press(page, "I have it");
    await page.locator("li", { hasText: BOB }).getByRole("button", { name: "Withdraw" }).waitFor();
    const other = watch(await (await page.context().browser().newContext()).newPage(), hub);
    await other.goto(`${hub}/invitation?code=${encodeURIComponent(code)}`);
    await other.fill("input[name=password]", "nine loud lanterns sing");
    await other.click("form button.primary");
    await other.waitForURL(/sign-in/);
    await other.context().close();
    await page.reload();
    const bob = page.locator("li", { hasText: BOB });
    await bob.getByRole("button", { name: "What they may" }).click();
    await bob.getByRole("button", { name: "Add a role" }).click();
    await bob.getByLabel("Role", { exact: true }).nth(1).selectOption("operator");
    await bob.getByLabel("Where", { exact: true }).nth(1).fill("not a place!");
    await bob.getByRole("button", { name: "Save" }).click();
    await bob.locator(".fault, .banner.bad").first().waitFor();
    await bob.getByLabel("Where", { exact: true }).nth(1).fill("demo/lyon");
    await accessible(page, "what a person may");
    await bob.getByRole("button", { name: "Save" }).click();
    await bob.getByText("operator: demo/lyon").waitFor();
    for (const [what, sure] of [["Shut out", "Really: Shut out"], ["Let in again", "Really: Let in again"]]) {
      await bob.getByRole("button", { name: what, exact: true }).click();
      await bob.getByRole("button", { name: sure }).click();
      await bob.getByRole("button", { name: sure }).waitFor({ state: "detached" });
    }
    // An invitation that is withdrawn.
    await invite.getByLabel("Address").fill(EVE);
    await invite.getByLabel("Name").fill("Eve");
    await invite.getByLabel("Where").fill("demo");
    await invite.getByRole("button", { name: "Invite" }).click();
    await press(page, "I have it");
    const eve = page.locator("li", { hasText: EVE });
    await eve.getByRole("button", { name: "Withdraw" }).click();
    await eve.getByRole("button", { name: "Really: Withdraw" }).click();
    await eve.waitFor({ state: "detached" });
    // A token.
    const make = page.locator("form", { has: page.getByRole("button", { name: "Make a token" }) });
    await make.getByLabel("Name").fill("walk");
    await make.getByLabel("Where").fill("demo");
    await make.getByRole("button", { name: "Make a token" }).click();
    await page.locator(".banner code").waitFor();
    await press(page, "I have it");
    const token = page.locator("li", { hasText: "walk" });
    await token.getByRole("button", { name: "Revoke" }).click();
    await token.getByRole("button", { name: "Really: Revoke" }).click();
    await token.waitFor({ state: "detached" });
    // For how long something is kept.
    await press(page, "Say it of a client");
    const keep = page.getByRole("form", { name: "For how long data is kept" });
    await keep.getByLabel("Client").fill("demo");
    await keep.getByLabel("Samples, days").fill("400");
    await keep.getByRole("checkbox").check();
    await accessible(page, "for how long data is kept");
    await keep.getByRole("button", { name: "Save" }).click();
    const demo = page.locator("li", { hasText: "samples 400 days" });
    await demo.getByRole("button", { name: "Change" }).click();
    await keep.getByLabel("Samples, days").fill("500");
    await keep.getByRole("button", { name: "Save" }).click();
    const later = page.locator("li", { hasText: "samples 500 days" });
    await later.getByRole("button", { name: "As in the file" }).click();
    await later.getByRole("button", { name: "Really: as in the file" }).click();
    await later.waitFor({ state: "detached" });
    await page.context().close();
  });

  await step("who signed in a while ago proves in place who they are, and what they wanted goes on", async () => {
    const page = await open({ signedIn: true });
    await go(page, "/people");
    // A while goes by: the hub asks once, and what follows is its own.
    let asked = 0;
    await page.route("**/api/v1/tokens", async (route) => {
      if (route.request().method() !== "POST" || (asked += 1) > 1) return route.continue();
      await route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify({ type: "urn:vigie:problem:proof-needed", title: "Prove again who you are", status: 403, code: "proof-needed", detail: "this takes a sign-in of just now" }) });
    });
    const make = page.locator("form", { has: page.getByRole("button", { name: "Make a token" }) });
    await make.getByLabel("Name").fill("proved");
    await make.getByLabel("Where").fill("demo");
    await make.getByRole("button", { name: "Make a token" }).click();
    const proof = page.getByRole("group", { name: /^You signed in a while ago/ });
    await proof.getByLabel("Password").fill("not this one at all");
    await proof.getByRole("button", { name: "Go on" }).click();
    await proof.getByRole("alert").waitFor();
    await accessible(page, "who is to prove who they are");
    await proof.getByLabel("Password").fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.locator(".banner code").waitFor();
    await proof.waitFor({ state: "detached" });
    so(asked === 2, `the token is made once: asked ${asked} times`);
    await press(page, "I have it");
    const made = page.locator("li", { hasText: "proved" });
    await made.getByRole("button", { name: "Revoke" }).click();
    await made.getByRole("button", { name: "Really: Revoke" }).click();
    await made.waitFor({ state: "detached" });
    await page.context().close();
  });

  await step("who leaves a form unsaved is asked, and stays if they like", async () => {
    const page = await open({ signedIn: true });
    await go(page, "/rules?new=1");
    await field(page, "Name").fill("Half a rule");
    const asked = [];
    let stays = true;
    page.on("dialog", (dialog) => { asked.push(dialog.message()); void (stays ? dialog.dismiss() : dialog.accept()); });
    await page.locator("nav.sidebar a[href^='/machines']").click();
    so(asked.length === 1 && new URL(page.url()).pathname === "/rules", `who stays is where they were: asked ${asked.length} times, ${page.url()}`);
    so((await field(page, "Name").inputValue()) === "Half a rule", "and what they typed is there");
    stays = false;
    await page.locator("nav.sidebar a[href^='/machines']").click();
    await page.waitForURL(/\/machines/);
    await page.context().close();
  });

  await step("planned work on its day, by keys alone", async () => {
    const page = await open({ signedIn: true });
    await go(page, "/maintenance?view=month");
    const grid = page.getByRole("grid");
    await accessible(page, "a month of planned work");
    await grid.locator("td[tabindex='0']").focus();
    const today = await page.evaluate(() => document.activeElement.getAttribute("data-date"));
    const arrived = (what, look) => comes(page, what, look, today);
    await page.keyboard.press("PageDown");
    await arrived("Page Down leads to the next month", (today) => {
      const date = document.activeElement?.getAttribute("data-date");
      return date && date.slice(0, 7) > today.slice(0, 7) && date === new URLSearchParams(location.search).get("day");
    });
    await page.keyboard.press("Home");
    await arrived("Home leads to Monday", () => {
      const date = document.activeElement?.getAttribute("data-date");
      return date && new Date(`${date}T00:00Z`).getUTCDay() === 1 && date === new URLSearchParams(location.search).get("day");
    });
    const date = await page.evaluate(() => document.activeElement.getAttribute("data-date"));
    await page.keyboard.press("Enter");
    const form = page.getByRole("region", { name: "Plan work" });
    await form.getByLabel("From", { exact: true }).waitFor();
    so((await form.getByLabel("From", { exact: true }).inputValue()).startsWith(date), "work is planned of the day that was chosen");
    await form.getByLabel("Client").selectOption({ index: 1 });
    await form.getByLabel("Why").fill("walked through");
    await form.getByText(/^\d+ machine/).first().waitFor();
    await form.getByRole("button", { name: "Confirm" }).click();
    await grid.locator(`td[data-date='${date}'] .piece`, { hasText: "walked through" }).waitFor();
    await press(page, "Week");
    await grid.locator(".piece", { hasText: "walked through" }).waitFor();
    await page.context().close();
  });
}
