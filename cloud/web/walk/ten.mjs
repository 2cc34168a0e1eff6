// What people come for most, each in as many clicks as it should take: typing is not counted. How long it took is printed beside
// what is wanted of a practised person on a quiet machine; the clicks are demanded.
import { comes, so, until } from "./trail.mjs";

/** A person at a page, whose clicks are counted from now on. */
function person(page) {
  const begun = Date.now();
  let clicks = 0;
  return {
    async click(what) {
      clicks += 1;
      await (typeof what === "string" ? page.locator(what).first() : what).click();
    },
    async drag(from, to) {
      clicks += 1;
      await page.mouse.move(...from);
      await page.mouse.down();
      await page.mouse.move(...to, { steps: 5 });
      await page.mouse.up();
    },
    done(what, most, within_s) {
      const seconds = ((Date.now() - begun) / 1000).toFixed(1);
      console.log(`walk: ${what}: ${clicks} clicks, ${seconds} s (at most ${most}; goal on a quiet machine: ${within_s} s)`);
      so(clicks <= most, `${what} takes ${clicks} clicks, and not more than ${most}`);
    },
  };
}

const seen = (page, selector, text) => page.locator(selector).filter({ hasText: text }).first().waitFor();

export function ten({ hub, step, open, go, machines, cut, heal }) {
  const till = machines[0];

  const quiet = () => step("is all fine, and how sure; why was it slow; put under watch; mute planned work: in as few clicks as that should take", async () => {
    const page = await open({ signedIn: true });
    await go(page, "/machines");

    const all = person(page);
    await page.goto(`${hub}/`);
    await seen(page, "main a.card", /of \d+ machines heard within 2 minutes/);
    await seen(page, "main a.card", /open/i);
    so(await page.evaluate(() => [...document.querySelectorAll(".tiles > .card")].every((card) => card.getBoundingClientRect().bottom < innerHeight)), "all of it is seen without scrolling");
    all.done("is everything fine now, and how sure are we", 0, 5);

    await go(page, "/");
    const why = person(page);
    await page.keyboard.press("Control+k");
    await page.waitForSelector("[role=combobox]");
    await page.keyboard.type(till.name);
    await comes(page, "the machine is found", (name) => document.querySelector("[role=option][aria-selected=true] span")?.textContent === name, till.name);
    await page.keyboard.press("Enter");
    await comes(page, "its page comes", (name) => document.querySelector("main h1")?.textContent === name, till.name);
    await why.click("main nav .tabs a:has-text('Metrics')");
    await page.waitForSelector(".u-over");
    const plot = await page.locator(".u-over").first().boundingBox();
    await why.drag([plot.x + plot.width * 0.6, plot.y + plot.height / 2], [plot.x + plot.width * 0.9, plot.y + plot.height / 2]);
    await comes(page, "that time is chosen, for all charts", () => new URLSearchParams(location.search).has("from"));
    await why.click("main input[type=checkbox] >> nth=0");
    await comes(page, "it is beside the week before", () => new URLSearchParams(location.search).get("week") === "1");
    why.done("why was it slow then", 3, 20);

    await go(page, `/sites/${till.client}/${till.site}`);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const add = person(page);
    await add.click("main a.button[href*='/add']");
    await add.click("main form button.primary:not([disabled])");
    await page.waitForSelector("section.card .line code");
    const line = await page.textContent("section.card .line code");
    await until("the line is in the clipboard", async () => (await page.evaluate(() => navigator.clipboard.readText())) === line);
    add.done("put this machine under watch, up to the line to paste", 2, 60);

    await go(page, `/machines/${till.id}`);
    const mute = person(page);
    await page.keyboard.press("m");
    await page.waitForSelector("main form .chip");
    await mute.click("main form .chip:has-text('1 h')");
    await seen(page, "main form .preview", /1 machine: /);
    await mute.click("main form button.primary:not([disabled])");
    await seen(page, "main li", till.name);
    mute.done("mute planned work", 2, 15);
    const planned = page.locator("main li", { hasText: till.name }).first();
    for (const _ of ["end it", "yes, end it"]) await planned.locator("button").last().click();
    await page.context().close();
  });

  const throughCut = () => step("what comes first; real or not, taken; the machine or the link: in as few clicks as that should take", async () => {
    const [page, phone] = [await open({ signedIn: true }), await open({ signedIn: true, width: 390 })];
    await go(page, "/");
    await cut();
    await seen(page, "main ol.rows a.row", /cut off/i);
    const first = person(page);
    await first.click("main ol.rows > :first-child a.row, main ol.rows a.row");
    await page.waitForSelector("main article h1");
    await seen(page, "main article header", /Impact \d+ of 100 = .*nobody takes care of it|nobody takes care of it.*Impact \d+ of 100 = /s);
    first.done("what do I fix first, and why that", 1, 10);
    const link = person(page);
    await seen(page, "main article header .banner", /is cut off since .* machines? behind it: state unknown/);
    link.done("is it the machine or the link", 0, 5);

    // As from the message on a telephone, which leads to this address.
    const taken = person(phone);
    await phone.goto(page.url());
    const acknowledge = phone.locator("main button.primary").first();
    await acknowledge.waitFor();
    const { y, height } = await acknowledge.boundingBox();
    so(y > 844 / 2 && y + height <= 844, `it is acknowledged where the thumb is: ${y.toFixed(0)} of 844`);
    await taken.click(acknowledge);
    await phone.waitForSelector("li.acknowledge");
    taken.done("real or not: take it, after the message was tapped", 1, 15);
    await heal();
    await page.context().close();
    await phone.context().close();
  });

  return { quiet, throughCut };
}
