// What people do with lists: one decision of many incidents, with a line and without, and views that they keep.
import { comes, so, until } from "./trail.mjs";

export async function lists({ page, place, set, read, step, accessible, ask }) {
  const open = async () => (await ask("/api/v1/incidents?limit=100")).incidents;
  const decided = async (ids, what) => (await open()).filter(({ id }) => ids.includes(id)).every(what);

  await step("one decision is made of many incidents, is said before and after, and waits where there is no line", async () => {
    const ids = (await open()).map(({ id }) => id);
    so(ids.length >= 2, `several things are open: ${ids.length}`);
    for (const one of await open()) {
      if (one.snoozed_until) await ask(`/api/v1/incidents/${one.id}/wake`, { method: "POST", body: {} });
      if (one.acknowledgements.length) await ask(`/api/v1/incidents/${one.id}/unacknowledge`, { method: "POST", body: {} });
    }
    await read("/incidents");
    await page.waitForSelector(".pill.live");
    await comes(page, "all of them are there, open", (n) => document.querySelectorAll("li[data-id] .badge.firing").length === n, ids.length);
    await page.locator("li[data-id] a.row").first().focus();
    await page.keyboard.press("x");
    await page.waitForSelector("[role=group][aria-label='What is chosen'] >> text=1 chosen");
    await page.keyboard.press("*");
    await page.waitForSelector(`[role=group][aria-label='What is chosen'] >> text=${ids.length} chosen`);
    await accessible(page, "incidents that are chosen");
    set("cut");
    await page.keyboard.press("a");
    await page.waitForSelector(`text=${ids.length} wait on this device until the hub answers`);
    so(await decided(ids, (one) => one.acknowledgements.length === 0), "the hub does not know yet");
    set("good");
    await until("it is at the hub", () => decided(ids, (one) => one.acknowledgements.length === 1));
    await page.waitForSelector(".pill.live");
    // What is known already is not said again.
    await comes(page, "the list says that they are known", (n) => document.querySelectorAll("li[data-id] .badge.acknowledged").length === n, ids.length);
    await page.locator("li[data-id] input[type=checkbox]").first().check();
    await page.locator("[role=group][aria-label='What is chosen'] button", { hasText: "Acknowledge" }).click();
    await page.waitForSelector("text=1 is known to somebody already and left out");
    await page.locator("[role=group][aria-label='What is chosen'] button", { hasText: "Assign to me" }).click();
    await page.waitForSelector("text=/^1 at the hub/");
  });

  await step("a list as somebody likes to see it is kept under a name, found again, and removed", async () => {
    await read("/incidents?standing=all&group=rule");
    await page.click("summary:has-text('Views')");
    await page.fill("#view-name", "By rule");
    await page.keyboard.press("Enter");
    await accessible(page, "views of a list");
    await read("/incidents");
    await page.click("summary:has-text('Views (1)')");
    await page.click("details a:has-text('By rule')");
    await comes(page, "it is what was kept", () => location.search === "?standing=all&group=rule" && document.querySelectorAll("main h2").length > 0);
    await read("/machines");
    so((await page.$("summary:has-text('Views (1)')")) === null, "each list has its own");
    await read("/incidents");
    await page.click("summary:has-text('Views (1)')");
    await page.click("button[aria-label='Remove By rule']");
    await page.waitForSelector("text=Filter and order as you like");
  });
}
