// Who sees otherwise, or may less: text twice as large, the reader's own colours, no colours at all; and an observer, to whom what
// they may not do is shown as such, with the reason.
import { comes, so } from "./trail.mjs";

/** How large the text of a page is, what makes it scroll sideways, and which words do not fit what holds them. */
function looked() {
  const called = (one) => `${one.tagName.toLowerCase()}.${one.className} ${one.textContent.trim().slice(0, 30)}`;
  const all = [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility() && !one.closest(".v-row, .hidden, svg"));
  const isWide = document.documentElement.scrollWidth > innerWidth;
  return {
    text: parseFloat(getComputedStyle(document.body).fontSize),
    wide: isWide ? all.filter((one) => one.getBoundingClientRect().right > innerWidth + 1).slice(-3).map(called).concat(`${document.documentElement.scrollWidth - innerWidth} px`) : [],
    // A row is as high as a table says, and what does not fit is not seen.
    low: [...document.querySelectorAll(".v-row:not([hidden]) .v-cell.name:not([hidden])")].filter((one) => one.checkVisibility() && one.getBoundingClientRect().height > one.parentElement.clientHeight + 1).slice(0, 2).map(called),
    cut: [
      ...all.filter((one) => one.matches("button, label, h1, h2, .chip, .badge") && one.scrollHeight > one.clientHeight + 2 && getComputedStyle(one).overflow !== "visible"),
      ...all.filter((one) => one.matches("nav a, nav button, .bottom *") && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0),
      // A number that is cut is another number.
      ...document.querySelectorAll(":is(.v-cell.cpu, .v-cell.memory, .v-cell.disk, .v-cell.heard, .v-cell.waiting, .v-cell.lost):not([hidden] *)"),
    ].filter((one) => !one.matches(".v-cell") || (one.checkVisibility() && one.scrollWidth > one.clientWidth + 1)).slice(0, 3).map(called),
  };
}

export function eyes({ hub, browser, step, open, go, watch, accessible, write, paths, machines }) {
  const large = () => step("with text twice as large every page is whole and scrolls no way but down", async () => {
    const wrong = [];
    for (const [width, language] of [[1280, "fr"], [720, "en"], [390, "fr"]]) {
      const page = await open({ width, language });
      await page.context().addInitScript(() => {
        const grow = () => document.documentElement?.style.setProperty("font-size", "200%");
        grow();
        new MutationObserver(grow).observe(document, { childList: true });
      });
      for (const path of paths) {
        await go(page, path);
        const { text, wide, cut, low } = await page.evaluate(looked);
        if (text < 28) wrong.push(`${path} has its text at ${text} px`);
        if (wide.length) wrong.push(`${path} at ${width} goes beyond the edge: ${wide.join(" | ")}`);
        if (low.length) wrong.push(`${path} at ${width} has rows that are too low for what stands in them: ${low.join(" | ")}`);
        if (cut.length) wrong.push(`${path} at ${width} cuts off: ${cut.join(" | ")}`);
      }
      await page.context().close();
    }
    so(wrong.length === 0, wrong.join("\n"));
  });

  const otherwise = () => step("in the reader's own colours, and in none, each state has its glyph and its word", async () => {
    const page = await open();
    const device = await page.context().newCDPSession(page);
    const states = () => page.evaluate(() => [...document.querySelectorAll("main :is(.status, .state)[class*=tone-]")].filter((one) => one.checkVisibility()).map((one) => {
      const glyph = one.querySelector("svg");
      const { width } = glyph?.getBoundingClientRect() ?? { width: 0 };
      return { word: one.textContent.trim() || one.getAttribute("aria-label") || one.title, glyph: glyph?.querySelector("use")?.getAttribute("href") ?? "", width, ink: glyph && getComputedStyle(glyph).color, ground: getComputedStyle(document.body).backgroundColor };
    }));
    for (const forcedColors of ["active", "none"]) {
      await page.emulateMedia({ forcedColors });
      if (forcedColors === "none") await device.send("Emulation.setEmulatedVisionDeficiency", { type: "achromatopsia" });
      for (const path of ["/machines", `/machines/${machines[0].id}`, "/sites"]) {
        await go(page, path);
        await comes(page, `${path} shows states`, () => document.querySelector("main :is(.status, .state)[class*=tone-]"));
        for (const { word, glyph, width, ink, ground } of await states()) {
          so(word && /^#g-/.test(glyph) && width >= 8 && ink !== ground, `on ${path} a state is a glyph and a word that can be seen: ${JSON.stringify({ word, glyph, width, ink, ground })}`);
        }
        await accessible(page, `${path} with forced colours ${forcedColors}`);
      }
    }
    await page.context().close();
  });

  const observer = () => step("an observer sees every page, and what they may not do says so", async () => {
    const invited = await write("POST", "/api/v1/invitations", { email: `olga-${Date.now().toString(36)}@example.org`, name: "Olga", grants: [{ role: "observer", scope: "demo" }] });
    const page = watch(await (await browser.newContext({ locale: "en-GB", viewport: { width: 1440, height: 900 } })).newPage(), hub);
    await page.goto(new URL(invited.link, hub).href);
    await page.fill("input[name=password]", "nine patient herons wade");
    await page.click("form button.primary");
    await page.waitForLoadState();
    if (new URL(page.url()).pathname === "/sign-in") {
      await page.fill("input[name=email]", invited.email);
      await page.fill("input[name=password]", "nine patient herons wade");
      await page.click("form[action='/sign-in'] button.primary");
      await page.waitForURL((url) => url.pathname !== "/sign-in");
    }
    for (const path of paths) {
      await go(page, path);
      const failed = await page.locator("main .banner.bad").allTextContents();
      so(failed.length === 0, `${path} tells an observer nothing as a failure: ${failed.join(" | ")}`);
    }
    await go(page, "/machines");
    await page.focus("[role=grid]");
    for (const key of ["ArrowDown", "Space"]) await page.keyboard.press(key);
    const may = await page.locator(".bulk button:disabled").evaluateAll((all) => all.map((one) => one.title));
    so(may.length >= 2 && may.every(Boolean), `what they may not do with machines is disabled and says why: ${may}`);
    await go(page, "/maintenance?new=1");
    await page.getByText(/^You may not mute there/).waitFor();
    await go(page, "/add");
    await page.getByText(/^You may let no machine join/).waitFor();
    await page.context().close();
  });

  return { large, otherwise, observer };
}
