import { expect, test } from "vitest";
import { draftOf, freshPage, isAddress, lack, saidOf, type PageSaid } from "./shape.ts";

const said: PageSaid = {
  client: "acme", title: "Acme", on: true, listed: false, history: true, maintenance: false,
  components: [{ name: "Tills", of: { site: "lyon" } }, { name: "Books", of: { machines: ["a", "b"] } }, { name: "Doors", of: { group: "doors" } }],
};

test("a page that is shown in a form and saved as it is stays the same", () => {
  expect(saidOf(draftOf("acme", said))).toEqual(said);
});

test("a component stands on one thing, whatever was typed for another kind before", () => {
  const draft = draftOf("acme", said);
  Object.assign(draft.components[0] ?? {}, { kind: "group", group: " tills " });
  expect(saidOf(draft).components[0]).toEqual({ name: "Tills", of: { group: "tills" } });
});

test("a new page is off, and says what it still lacks", () => {
  const draft = freshPage("acme");
  expect([draft.on, draft.listed, lack(draft, 0)]).toEqual([false, false, "name"]);
  Object.assign(draft.components[0] ?? {}, { name: "Tills", site: "lyon" });
  draft.components.push({ name: " Tills ", kind: "machines", site: "brest", group: "", machines: [] });
  expect([lack(draft, 0), lack(draft, 1)]).toEqual([undefined, "twice"]);
  Object.assign(draft.components[1] ?? {}, { name: "Books" });
  expect(lack(draft, 1)).toBe("of");
});

test("what the hub takes as an address is taken here, and nothing else", () => {
  expect(["acme", "a", "acme-2", "4711"].every(isAddress)).toBe(true);
  expect(["", "-acme", "Acme", "a.b", "a b", "é", "a".repeat(64)].some(isAddress)).toBe(false);
});
