// A client's public page: set up, turned on, read by anybody without a script, told on, and through a cut.

import { LOOKS, so, until } from "./trail.mjs";

/** A hub that has just begun judges nobody for a minute and a half. */
const JUDGED_MS = 300_000;

/** What is done of it: `published` while the line is good, `throughCut` beside others who look at the same cut, `gone` at the end. */
export function status({ hub, browser, step, open, go, watch, accessible, everyWidth, machines, cut, heal }) {
  const press = (page, name) => page.locator("main").getByRole("button", { name, exact: true }).first().click();
  const slug = `walk-${Date.now().toString(36)}`;
  const there = `${hub}/status/${slug}`;
  /** Somebody from the street: no cookie. */
  async function anybody({ width = 1440, theme = "light", locale = "en-GB", script = true } = {}) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme, locale, javaScriptEnabled: script, isMobile: width < 700, hasTouch: width < 700 });
    return watch(await context.newPage(), hub);
  }

  const setUp = () => step("a public page: set up, read by nobody until it is on, and by anybody then", async () => {
    const page = await open({ signedIn: true });
    await go(page, "/status-pages");
    await accessible(page, "public pages");
    await page.keyboard.press("n");
    const form = page.getByRole("form", { name: "Public page" });
    await form.getByLabel("Client").selectOption("demo");
    await form.getByLabel("Title above it").fill("Demo & Co");
    await form.getByLabel("Its end, after /status/").fill("Not one");
    await form.getByText(/^Small letters, digits and hyphens, at most 63/).waitFor();
    await form.getByLabel("Its end, after /status/").fill(slug);
    const part = (n) => form.getByRole("group", { name: `Component ${n}`, exact: true });
    await part(1).getByLabel("Name outside").fill("Tills");
    await part(1).getByLabel("Site").selectOption("lyon");
    await form.getByRole("button", { name: "Add a component" }).click();
    await part(2).getByLabel("Name outside").fill("Tills");
    await form.getByText("Component 2 is called like another one.").waitFor();
    await part(2).getByLabel("Name outside").fill("Books");
    await part(2).getByLabel("Stands on").selectOption("machines");
    const name = await part(2).locator("datalist option").first().getAttribute("value");
    await part(2).getByLabel("Add a machine").fill(name);
    await part(2).getByLabel("Add a machine").press("Tab");
    await part(2).getByRole("button", { name: `Remove ${name}` }).waitFor();
    await part(2).getByRole("button", { name: "Component 2: further up" }).click();
    await accessible(page, "the form of a public page");
    await form.getByRole("button", { name: "Save", exact: true }).click();
    await page.waitForURL(new RegExp(`/status-pages/${slug}`));
    await page.getByText("Off: it is answered as if it were not there.").waitFor();
    so((await fetch(there)).status === 404, "what is off is not there");
    await press(page, "Turn it on");
    await press(page, "Really: anybody may read it then");
    await page.getByText("On: anybody who has the address reads it.").waitFor();
    await page.locator("tbody tr", { hasText: "Tills" }).getByText("Operational").waitFor({ timeout: JUDGED_MS });
    await accessible(page, "a public page that is on");
    // Another one of that name takes no other one's place.
    await go(page, "/status-pages?new=1");
    await form.getByLabel("Client").selectOption("demo");
    await form.getByLabel("Title above it").fill("Another");
    await form.getByLabel("Its end, after /status/").fill(slug);
    await part(1).getByLabel("Name outside").fill("Tills");
    await part(1).getByLabel("Site").selectOption("brest");
    await form.getByText("This address is taken: choose another one.").waitFor();
    so(await form.getByRole("button", { name: "Save", exact: true }).isDisabled(), "and it is not saved over it");
    await form.getByRole("button", { name: "Cancel", exact: true }).click();
    await page.context().close();
  });

  const noticed = () => step("a notice: published, gone on with, and over", async () => {
    const page = await open({ signedIn: true });
    await go(page, `/status-pages/${slug}`);
    await press(page, "Publish a notice");
    const form = page.getByRole("form", { name: "Publish a notice" });
    await form.getByLabel("What it is about").fill("Tills are <slow>");
    await form.getByLabel("What is known").fill("We are looking into it.\nNobody has to do anything.");
    await form.getByRole("checkbox", { name: "Tills" }).check();
    await accessible(page, "the form of a notice");
    await form.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("heading", { name: "Tills are <slow>" }).waitFor();
    const read = await anybody({ script: false });
    await read.goto(there);
    await read.getByRole("heading", { name: "Tills are <slow>" }).waitFor();
    await press(page, "Say what is new");
    const news = page.getByRole("form", { name: "Say what is new" });
    await news.getByLabel("What is new").fill("All is well again.");
    await news.getByLabel("Where it stands").selectOption("over");
    await news.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("All is well again.").waitFor();
    await read.reload();
    await read.getByRole("region", { name: "Earlier notices" }).getByText("All is well again.").waitFor();
    for (const one of [page, read]) await one.context().close();
  });

  const readByAnybody = () => step("what anybody reads, in each width, colour and language, without a script and with public names alone", async () => {
    await Promise.all(LOOKS.map(async (look) => {
      const page = await anybody({ width: look.widths[0], theme: look.theme, locale: look.locale });
      await page.goto(there);
      so((await page.getAttribute("html", "lang")) === look.language, `/status is in the language of its reader, ${look.language}`);
      await everyWidth(page, "/status", look);
      await page.context().close();
    }));
    const page = await anybody({ script: false });
    const loaded = [];
    page.on("request", (request) => loaded.push(request.url()));
    await page.goto(there);
    const text = await page.content();
    so(!text.includes("<script") && loaded.every((url) => url.startsWith(hub)), "no script, and nothing from elsewhere");
    for (const secret of ["lyon", "brest", "relay-", ...machines.flatMap(({ id, name }) => [id, name])]) so(!text.includes(secret), `the page keeps ${secret} to itself`);
    await page.getByRole("link", { name: "Français" }).click();
    await page.getByText("Opérationnel").first().waitFor();
    await page.context().close();
  });

  const throughCut = () => step("through a cut: not verified since then, and never green; then green again", async () => {
    const read = async () => (await (await fetch(`${there}.json`)).json()).components.find(({ name }) => name === "Tills");
    await cut();
    const begun = Date.now();
    // What lies ready may be ten seconds old, and says so.
    await until("behind the cut nothing is verified", async () => {
      const { state, since } = await read();
      return state === "not_verified" && since;
    });
    console.log(`walk: on the public page nothing behind the cut is green after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
    const page = await anybody({ script: false });
    await page.goto(there);
    await page.getByText(/Not verified since/).first().waitFor();
    await page.context().close();
    await heal();
    await until("it is green again", async () => (await read()).state === "operational");
  });

  const gone = () => step("a public page goes, with what was published on it", async () => {
    const page = await open({ signedIn: true });
    await go(page, `/status-pages/${slug}`);
    await press(page, "Turn it off");
    await page.getByText("Off: it is answered as if it were not there.").waitFor();
    so((await fetch(there)).status === 404, "what was turned off is not there");
    await press(page, "Remove");
    await press(page, "Really remove it, with its notices");
    await page.waitForURL(/\/status-pages(\?|$)/);
    so((await page.getByText(`/status/${slug}`).count()) === 0, "it is gone");
    await page.context().close();
  });

  async function published() {
    await setUp();
    await noticed();
    await readByAnybody();
  }

  return { published, throughCut, gone };
}
