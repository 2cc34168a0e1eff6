// What another program would not take: seen, sent again, and taken in once.
import { createServer } from "node:http";
import { listening } from "./line.mjs";
import { so, until } from "./trail.mjs";

/** A program that is told of events: what it was sent, by the keys of what was sent. */
async function receiver() {
  const got = [];
  let status = 204;
  const server = createServer((request, response) => {
    got.push(request.headers["webhook-id"]);
    request.resume();
    response.writeHead(status).end();
  });
  return { url: `http://127.0.0.1:${await listening(server)}/events`, got, answers: (next) => (status = next), close: () => server.close() };
}

export async function redelivered({ page, read, ask, step, accessible, incident }) {
  await step("what a webhook refused for good is listed with why, is sent again under its key, and is gone from the list", async () => {
    const other = await receiver();
    const { id } = await ask("/api/v1/webhooks", { method: "POST", body: { url: other.url, kinds: ["decision"] } });
    // What was decided a moment ago may still be on its way to whoever listens from now on.
    for (let before = -1; before !== other.got.length; ) {
      before = other.got.length;
      await new Promise((later) => setTimeout(later, 3000));
    }
    other.got.length = 0;
    other.answers(410);
    await ask(`/api/v1/incidents/${incident}/comment`, { method: "POST", body: { text: "the belt slips" } });
    await until("it is given up", async () => (await ask("/api/v1/webhooks")).webhooks.find((one) => one.id === id)?.dead === 1);
    so(other.got.length === 1, `what is refused for good is tried once: ${other.got.length}`);
    await read("/channels");
    const row = page.locator("li", { has: page.getByText(other.url, { exact: true }) });
    await row.getByRole("button", { name: "1 event was given up" }).click();
    await row.getByText("the belt slips").waitFor();
    await row.getByText(/410/).first().waitFor();
    await accessible(page, "what was given up");
    other.answers(204);
    await row.getByRole("button", { name: "Send again", exact: true }).click();
    await until("it is taken in", () => other.got.length === 2);
    so(other.got[0] === other.got[1], `under its key, so that nobody does it twice: ${other.got}`);
    await row.getByText("Nothing.", { exact: true }).waitFor();
    await until("the hub knows", async () => {
      const one = (await ask("/api/v1/webhooks")).webhooks.find((one) => one.id === id);
      return one.dead === 0 && one.waiting === 0;
    });
    await row.getByRole("button", { name: "Remove", exact: true }).click();
    await row.getByRole("button", { name: /^Really remove/ }).click();
    await row.waitFor({ state: "detached" });
    other.close();
  });
}
