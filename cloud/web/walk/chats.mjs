// What the test of a route says of chats. The demo has none to send to: the hub's answer is a stand-in's, in the hub's own words.
import { so } from "./trail.mjs";

const SAID = [
  { channel: "ops", kind: "slack", two_way: "people answer from there" },
  { channel: "desk", kind: "slack", two_way: "people can not answer from there: it has no [channel.two_way]" },
  { channel: "night", kind: "teams", two_way: "people can not answer from there: /etc/vigie/teams.hmac: no such file" },
  { channel: "mail", kind: "smtp", two_way: null },
];

export async function answersFromChats(page, card, accessible) {
  const receivers = SAID.map((one) => ({ ...one, to: "", delivered: true, said: "200 OK", took_ms: 12 }));
  await page.route("**/api/v1/routes/*/test", (route) => route.fulfill({ json: { route: "walk", delivered: true, receivers } }));
  for (const name of ["Send a test", "Send a real message to each receiver"]) {
    // Its channels are not set up in the demo, so that nothing could be sent for real.
    await card.getByRole("button", { name }).evaluate((button) => (button.disabled = false));
    await card.getByRole("button", { name }).click();
  }
  await card.getByText("People can answer from there, by the buttons of each message.").waitFor();
  await card.getByText(`${new URL(page.url()).origin}/api/v1/chats/desk/slack`).waitFor();
  await card.getByText(/^Nobody can answer from there: \/etc\/vigie\/teams\.hmac: no such file\. Put the secret/).waitFor();
  so((await card.locator("li", { hasText: "smtp" }).innerText()).includes("answer from there") === false, "of what is no chat nothing is said");
  await accessible(page, "the test of a route by chats");
  await page.unroute("**/api/v1/routes/*/test");
}
