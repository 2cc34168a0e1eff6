// Boards of one's own: made, edited by keys and by pointer, changed by two, shared, taken away as a file, and on a wall.
import { readFileSync } from "node:fs";
import { LOOKS, so, until } from "./trail.mjs";

export async function boards({ step, open, go, accessible, everyWidth }) {
  const press = (page, name) => page.locator("main").getByRole("button", { name, exact: true }).first().click();
  /** Columns and rows that a widget takes. */
  const place = (page, name) => page.getByRole("region", { name, exact: true }).evaluate((own) => `${own.style.gridColumn} ${own.style.gridRow}`);
  let path = "";

  await step("a board: made, and edited by keys and by pointer", async () => {
    const page = await open({ signedIn: true });
    await go(page, "/boards");
    await accessible(page, "boards");
    await page.keyboard.press("n");
    await page.keyboard.type("Night shift");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/boards\/[0-9a-f]{16}/);
    path = new URL(page.url()).pathname;
    await page.locator(".u-over, canvas").first().waitFor();
    await page.locator("table tbody tr").first().waitFor();
    await accessible(page, "a board");
    await page.keyboard.press("e");
    await page.getByRole("heading", { name: "Edit Night shift" }).waitFor();
    // By keys: the states go under the incidents, and grow.
    const states = page.getByRole("button", { name: /^States of machines: move/ });
    await states.focus();
    const before = await place(page, "States of machines");
    for (const key of ["ArrowLeft", "Shift+ArrowDown"]) await page.keyboard.press(key);
    await until("a key moves a widget", async () => (await place(page, "States of machines")) !== before);
    const grid = await page.$$eval(".grid > section", (all) => all.map((one) => one.getBoundingClientRect()).map(({ x, y, right, bottom }) => ({ x, y, right, bottom })));
    so(!grid.some((a, at) => grid.some((b, of) => of > at && a.x < b.right - 1 && b.x < a.right - 1 && a.y < b.bottom - 1 && b.y < a.bottom - 1)), "no widget stands over another");
    // By pointer.
    const top = await place(page, "Busiest machines");
    const handle = await page.getByRole("button", { name: /^Busiest machines: move/ }).boundingBox();
    await page.mouse.move(handle.x + 4, handle.y + 4);
    await page.mouse.down();
    await page.mouse.move(handle.x - 150, handle.y + 200, { steps: 5 });
    await page.mouse.up();
    await until("the pointer moves a widget", async () => (await place(page, "Busiest machines")) !== top);
    // Another one.
    await page.getByLabel("Put here", { exact: true }).selectOption("value");
    await page.getByRole("button", { name: /^\+ Put here/ }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Title").fill("Busiest");
    await dialog.getByLabel("Metric", { exact: true }).fill("system_cpu_utilization_ratio");
    await dialog.getByLabel("Of several machines").selectOption("max");
    await accessible(page, "what a widget shows");
    await dialog.getByRole("button", { name: "Use it" }).click();
    await page.getByRole("region", { name: "Busiest", exact: true }).getByText(/^of \d+ machine/).waitFor();
    await accessible(page, "a board that is edited");
    await press(page, "Save");
    await page.getByRole("heading", { name: "Night shift" }).waitFor();
    await page.reload();
    await page.getByRole("region", { name: "Busiest", exact: true }).waitFor();
    await page.context().close();
  });

  await step("two who edit a board: both are shown, and either is taken on purpose", async () => {
    const [one, other] = [await open({ signedIn: true }), await open({ signedIn: true })];
    for (const page of [one, other]) await go(page, `${path}?edit=1`);
    await other.getByLabel("Name", { exact: true }).fill("Day shift");
    await press(other, "Save");
    await other.getByRole("heading", { name: "Day shift" }).waitFor();
    await one.getByRole("button", { name: "Remove Busiest", exact: true }).click();
    await press(one, "Save");
    await one.getByText("name: Night shift became Day shift").waitFor();
    await press(one, "Take theirs, drop mine");
    await until("theirs is taken", async () => (await one.getByLabel("Name", { exact: true }).inputValue()) === "Day shift");
    await one.getByRole("button", { name: "Cancel", exact: true }).click();
    await one.getByRole("region", { name: "Busiest", exact: true }).waitFor();
    for (const page of [one, other]) await page.context().close();
  });

  await step("a board as a file, and back", async () => {
    const page = await open({ signedIn: true });
    await go(page, path);
    const [file] = await Promise.all([page.waitForEvent("download"), press(page, "As a file")]);
    const said = JSON.parse(readFileSync(await file.path(), "utf8"));
    so(said.name === "Day shift" && said.widgets.length === 5, "the file has all of it");
    await go(page, "/boards");
    const choose = (text) => page.locator("input[type=file]").setInputFiles({ name: "board.json", mimeType: "application/json", buffer: Buffer.from(text) });
    await choose("[]");
    await page.locator("main").getByText(/^board.json is no board/).waitFor();
    await choose(JSON.stringify({ ...said, name: "Brought", widgets: [{ ...said.widgets[0], x: 11 }] }));
    await page.locator("main .banner.bad").getByText(/widgets\[0\]/).waitFor();
    await choose(JSON.stringify({ ...said, name: "Brought" }));
    await page.getByRole("heading", { name: "Brought" }).waitFor();
    await press(page, "Remove");
    await press(page, "Really remove it");
    await page.waitForURL(/\/boards$/);
    await page.getByRole("link", { name: "Night shift" }).or(page.getByRole("link", { name: "Day shift" })).first().waitFor();
    await page.getByRole("link", { name: "Brought" }).waitFor({ state: "detached" });
    await page.context().close();
  });

  await step("a board of one machine and another time, by its address; on a wall, without anything around it", async () => {
    const page = await open({ signedIn: true });
    await go(page, path);
    const machine = page.getByLabel("Machine", { exact: true });
    const name = await page.locator("datalist option").first().getAttribute("value");
    await machine.fill(name);
    await machine.press("Enter");
    await page.waitForURL(/machine=[0-9a-f]+/);
    await page.getByRole("heading", { name: new RegExp(`· ${name}$`) }).scrollIntoViewIfNeeded();
    await page.getByRole("img", { name: new RegExp(name) }).first().waitFor();
    await press(page, "1 hour");
    const address = page.url().replace(/^https?:\/\/[^/]*/, "");
    const again = await open({ signedIn: true });
    // A machine's chart is asked for once it is in sight.
    await again.setViewportSize({ width: 1440, height: 2400 });
    await go(again, address);
    await until("the address says which machine", async () => (await again.getByLabel("Machine", { exact: true }).inputValue()) === name);
    so((await again.getByRole("button", { name: "1 hour" }).getAttribute("aria-pressed")) === "true", "and which time");
    await again.keyboard.press("f");
    await again.getByRole("button", { name: "Leave the wall" }).waitFor();
    await until("nothing stands around it", async () => (await again.locator("nav.sidebar, header").count()) === 0);
    await accessible(again, "a board on a wall");
    await again.keyboard.press("Escape");
    await again.locator("nav.sidebar").waitFor();
    for (const one of [page, again]) await one.context().close();
  });

  await step("a board in each width, colour and language", async () => {
    await Promise.all(LOOKS.map(async (look) => {
      const page = await open({ signedIn: true, width: look.widths[0], theme: look.theme, language: look.language });
      for (const one of ["/boards", path, `${path}?edit=1`, `${path}?wall=1`]) {
        await go(page, one);
        await everyWidth(page, one, look);
      }
      await page.context().close();
    }));
  });
}
