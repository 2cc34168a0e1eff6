// A site's own page, on its relay: without a script, light, in each width, colour and language; in reach of the hub and cut off.
import { gunzipSync } from "node:zlib";
import { request } from "node:http";
import { carried } from "./carried.mjs";
import { LOOKS, so, until } from "./trail.mjs";

const MOST_BYTES = 30_000;
const MOST_REQUESTS = 4;

/** The bytes of an answer as they come over the line. */
const packed = (url, cookie) => new Promise((done, failed) => {
  request(url, { headers: { cookie, "accept-encoding": "gzip" } }, (answer) => {
    const pieces = [];
    answer.on("data", (piece) => pieces.push(piece)).on("end", () => done(Buffer.concat(pieces)));
  }).on("error", failed).end();
});

/** What is done of it: `light` while the line is good, `throughCut` beside others who look at the same cut. */
export function site({ browser, relay, token, step, watch, everyWidth, cut, heal, ...hub }) {
  let state;
  async function open({ width = 1440, theme = "light", locale = "en-GB", script = true } = {}) {
    const context = await browser.newContext({ storageState: state, viewport: { width, height: 900 }, colorScheme: theme, locale, javaScriptEnabled: script, isMobile: width < 700, hasTouch: width < 700 });
    return watch(await context.newPage(), relay);
  }

  async function signIn() {
    const page = await open({ script: false });
    await page.goto(`${relay}/sign-in`);
    if (!(await page.locator("input[name=token]").isVisible())) await page.locator("summary").first().click();
    await page.fill("input[name=token]", token);
    await page.locator("form", { has: page.locator("input[name=token]") }).locator("button").click();
    await page.getByRole("heading", { name: "The hub is in reach" }).waitFor();
    state = await page.context().storageState();
    const cookie = state.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const loaded = new Set();
    page.on("request", (asked) => loaded.add(asked.url()));
    await page.reload();
    const sizes = await Promise.all([...loaded].map(async (url) => (await packed(url, cookie)).length));
    const all = sizes.reduce((sum, size) => sum + size, 0);
    console.log(`walk: a site's page takes ${(all / 1000).toFixed(1)} kB in ${loaded.size} requests, packed`);
    so(all <= MOST_BYTES && loaded.size <= MOST_REQUESTS, "at most 30 kB in 4 requests");
    so(gunzipSync(await packed(`${relay}/`, cookie)).includes("</html>"), "it comes packed");
    await page.context().close();
  }

  async function heard() {
    const page = await open();
    await page.addInitScript(() => {
      globalThis.tones = 0;
      const make = AudioContext.prototype.createOscillator;
      AudioContext.prototype.createOscillator = function () {
        globalThis.tones += 1;
        return make.call(this);
      };
    });
    const tones = () => page.evaluate(() => globalThis.tones);
    await page.goto(`${relay}/?sound=1`);
    so((await tones()) === 0, "nothing sounds by itself");
    await page.getByRole("button", { name: "Turn the sound on" }).click();
    await page.getByText("The sound is on.").waitFor();
    const first = await tones();
    so(first > 0, "it is heard that it is on");
    // What the page looks for by itself has one alert more.
    await page.route("**/?sound=1", async (route) => {
      const answer = await route.fetch();
      const alert = '<ul class="alerts"><li class="critical"><h3><a href="/alerts/01KNEW">Till 3 is silent</a></h3></li></ul>';
      await route.fulfill({ response: answer, body: (await answer.text()).replace("</main>", `${alert}</main>`) });
    });
    await until("something new is heard", async () => (await tones()) > first);
    await page.getByText("Till 3 is silent").waitFor();
    await page.unroute("**/?sound=1");
    await page.getByRole("button", { name: "Turn the sound off" }).click();
    await page.getByText("The sound is off.").waitFor();
    await page.context().close();
  }

  /** Whether somebody comes in at the site's page by a name and a passphrase. */
  async function comesIn(name, passphrase) {
    const page = watch(await (await browser.newContext({ javaScriptEnabled: false })).newPage(), relay);
    await page.goto(`${relay}/sign-in`);
    await page.fill("input[name=name]", name);
    await page.fill("input[name=passphrase]", passphrase);
    await page.locator("form", { has: page.locator("input[name=passphrase]") }).locator("button").click();
    const came = !new URL(page.url()).pathname.startsWith("/sign-in") && (await page.locator("input[name=passphrase]").count()) === 0;
    await page.context().close();
    return came;
  }

  const letIn = () => step("who is let in on the hub's page comes in at the site's own, until that is taken back", async () => {
    const page = await hub.open();
    await hub.go(page, hub.home);
    const there = page.locator("section", { has: page.getByRole("heading", { name: "Let in on site while it is cut off" }) });
    await there.getByLabel("Name, as they will type it").fill("Marc Petit");
    await there.getByRole("button", { name: "Let in", exact: true }).click();
    const passphrase = await there.locator("code").innerText();
    await hub.accessible(page, "a passphrase that is shown once");
    // A row of the hub takes a moment to its relay, and each wrong try counts there.
    const slowly = async (what, so) => until(what, async () => (await page.waitForTimeout(1_500), so()));
    await slowly("the site lets him in", () => comesIn("Marc Petit", passphrase));
    await there.getByRole("button", { name: "I have it" }).click();
    await there.getByRole("button", { name: "Take back: Marc Petit" }).click();
    await there.getByRole("button", { name: "Take back", exact: true }).click();
    await there.getByText(/taken back/).waitFor();
    await slowly("the site lets him in no more", async () => !(await comesIn("Marc Petit", passphrase)));
    await page.context().close();
  });

  // Pages stand still while they are looked at: the first one reloads itself otherwise, which axe asks to be told how to end, and
  // can not see that its foot does.
  const everywhere = (paths) => Promise.all(LOOKS.map(async (look) => {
    const page = await open({ width: look.widths[0], theme: look.theme, locale: look.locale });
    for (const path of paths) {
      await page.goto(relay + path);
      so((await page.getAttribute("html", "lang")) === look.language, `the site's ${path} is in the language of its reader, ${look.language}`);
      await everyWidth(page, `the site's ${path}`, look);
    }
    await page.context().close();
  }));

  async function light() {
    await step("a site's page: signed in to without a script", signIn);
    await step("a site's pages in each width, colour and language", () => everywhere(["/?still=1", "/machines", "/machines?q=cpu:%3E0", "/link", "/maintenance", "/?wall=1&still=1", "/?sound=1"]));
    await step("a site's page with a sound: silent until somebody turns it on, and again for what is new and critical", heard);
    await letIn();
  }

  const throughCut = () => step("a site's page while it is cut off: it says so, and goes on", async () => {
    await cut();
    const page = await open({ script: false });
    await until("the site's page is no longer green about the hub", async () => {
      await page.goto(`${relay}/`);
      return (await page.getByRole("heading", { name: "The hub is in reach" }).count()) === 0;
    });
    // Nothing comes back before the connection itself is given up.
    await page.getByRole("heading", { name: /^(Nothing comes back from the hub|The hub is out of reach)$/ }).waitFor();
    await page.getByText(/This site goes on/).first().waitFor();
    await page.goto(`${relay}/link`);
    await carried({ ...hub, everyWidth, page });
    await page.context().close();
    await everywhere(["/?still=1", "/link"]);
    await heal();
  });

  return { light, throughCut };
}
