// A site's file goes by hand: saved from its relay's page while the line is cut, dropped on the hub's page of the site, and another
// file in its place is refused.
import { LOOKS, so } from "./trail.mjs";

/** What is read once it was taken: the first time something is new here, and the second time nothing. */
const TURNS = [
  [LOOKS[0], /of which [1-9][\d,]* are new here/, /no file that a relay of vigie wrote/],
  [LOOKS[3], /dont 0 nouveaux ici/, /pas un fichier qu’un relais de vigie a écrit/],
];

/** `page` looks at what the relay says of its line, `home` is the path of its site at the hub. */
export async function carried({ open, go, everyWidth, page, home }) {
  const saved = page.waitForEvent("download");
  await page.getByRole("link", { name: "All that waits for the hub" }).click();
  const download = await saved;
  so(/^[a-z0-9-]+-hub\.vigie$/.test(download.suggestedFilename()), `the file says what it is: ${download.suggestedFilename()}`);
  const file = await download.path();
  for (const [look, taken, refused] of TURNS) {
    const hub = await open({ width: look.widths[0], theme: look.theme, language: look.language });
    await go(hub, home);
    const choose = hub.locator("input[type=file]");
    await choose.setInputFiles(file);
    await hub.getByText(taken).waitFor();
    await everyWidth(hub, `${home} with a file that was taken`, look);
    await choose.setInputFiles({ name: "other.vigie", mimeType: "application/octet-stream", buffer: Buffer.from("something else") });
    await hub.getByRole("alert").filter({ hasText: refused }).waitFor();
    so((await hub.getByText(taken).count()) === 0, "what was said of the file before is gone");
    await everyWidth(hub, `${home} with a file that was refused`, look);
    await hub.context().close();
  }
}
