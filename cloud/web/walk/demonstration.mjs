// Does a demonstration come and go by its buttons, and does the page say what is so all the while? In Debian's Chromium, against a hub
// of its own: `demonstration.mjs CLOUD`, the hub's program. Begun in English, removed in French. Ends with 1 at the first thing that
// is not so.
import { chromium } from "playwright-core";
import { begin as firstPerson } from "./forms.mjs";
import { begin, home } from "./line.mjs";
import { comes, so, trail, until } from "./trail.mjs";

const [cloud] = process.argv.slice(2);
if (!cloud) {
  console.error("usage: demonstration.mjs CLOUD");
  process.exit(2);
}
const at = home("demonstration");
const { step, watch, accessible } = trail("demonstration", at.log);
const { direct, code, ask, end } = await begin(cloud, at, "");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const person = await firstPerson(watch(await (await browser.newContext()).newPage(), direct), direct, code);

async function open(language, width = 1440) {
  const context = await browser.newContext({ storageState: person, viewport: { width, height: 900 }, locale: language === "fr" ? "fr-FR" : "en-GB" });
  const page = watch(await context.newPage(), direct);
  await page.goto(`${direct}/`);
  return page;
}
const says = (page, what, words) => comes(page, what, (words) => document.body.innerText.includes(words), words);

await step("a hub without a machine offers a demonstration, and one click begins it", async () => {
  const page = await open("en");
  const offer = page.getByRole("button", { name: "Look at a demonstration first", exact: true });
  await offer.waitFor();
  await accessible(page, "the offer of a demonstration");
  await offer.click();
  await says(page, "each page says that nothing of it is real", "Nothing of vigie-demo is real");
  await until("its twelve machines are there", async () => (await ask("/api/v1/machines?limit=100")).machines.length === 12, 1000);
  await page.goto(`${direct}/machines`);
  await comes(page, "they are on the page", () => document.querySelectorAll(".v-row:not([hidden])").length > 0);
  await says(page, "the page of machines says so, too", "Nothing of vigie-demo is real");
  await accessible(page, "machines of a demonstration");
  so((await page.getByRole("button", { name: "Look at a demonstration first" }).count()) === 0, "it is not offered once more");
  await page.context().close();
});

await step("it is removed by a button in French, the hub begins again, and nothing of it is said any more", async () => {
  const page = await open("fr", 390);
  await says(page, "a telephone is told that it is one", "Démonstration");
  await page.getByRole("button", { name: "Plus", exact: true }).and(page.locator("[aria-expanded=false]")).click();
  await says(page, "the page says in French that nothing of it is real", "Rien de vigie-demo n’est réel");
  await accessible(page, "a demonstration on a telephone");
  await page.getByRole("button", { name: "La supprimer", exact: true }).click();
  await until("nothing of it is at the hub", async () => {
    const told = await ask("/api/v1/demonstration").catch(() => undefined);
    return told?.state === "none" && (await ask("/api/v1/machines?limit=100")).machines.length === 0;
  }, 500);
  await comes(page, "the open page says nothing of it any more", () => !document.body.innerText.includes("vigie-demo"));
  await page.getByRole("button", { name: "Voir d’abord une démonstration", exact: true }).waitFor();
  await accessible(page, "the page after a demonstration");
  await page.context().close();
});

await browser.close();
end();
console.log("demonstration: all of it is so");
