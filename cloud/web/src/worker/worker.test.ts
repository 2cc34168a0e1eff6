import { expect, test } from "vitest";
import { find } from "../route.ts";
import { read } from "./push.ts";
import { isOurs, nameOf, outdated, turnsOf, wayOf, type Asked, type Shell } from "./shell.ts";

const shell: Shell = { version: "b", files: ["/shell.html", "/assets/index-1a.js"] };
const way = (asked: Partial<Asked> & { path: string }) =>
  wayOf({ method: "GET", navigates: false, ...asked }, shell, (path) => find(path) !== undefined);

test("the program is had from here, and nothing of what the hub tells", () => {
  expect(way({ path: "/assets/index-1a.js" })).toBe("here");
  for (const path of ["/api/v1/incidents", "/api/v1/events", "/prometheus/api/v1/query"]) {
    expect(way({ path }), path).toBe("past");
  }
});

test("a page is asked of the hub first, and whoever goes where people sign in may be another", () => {
  expect(way({ path: "/machines/abc/metrics", navigates: true })).toBe("hub");
  for (const path of ["/sign-in", "/account", "/begin", "/with/google"]) expect(way({ path, navigates: true }), path).toBe("door");
  expect(way({ path: "/sign-in", method: "POST", navigates: true })).toBe("door");
  expect(way({ path: "/", method: "POST", navigates: true })).toBe("door");
  expect(way({ path: "/sign-out", method: "POST", navigates: true })).toBe("out");
  expect(way({ path: "/share", method: "POST", navigates: true })).toBe("share");
  expect(way({ path: "/sites/acme/lyon/sticker", navigates: true })).toBe("past");
  expect([way({ path: "/share", navigates: true }), way({ path: "/share", method: "POST" })]).toEqual(["hub", "past"]);
});

test("a page of the version before has its parts from here, too: the hub does not have them any more", () => {
  expect(way({ path: "/assets/en/of-another-version.js" })).toBe("here");
  expect(way({ path: "/assets/en/of-another-version.js", method: "POST" })).toBe("past");
});

test("what was current stays, whenever its files were first here, and nothing older", () => {
  const names = ["other", nameOf("a"), nameOf("b"), nameOf("c"), nameOf("d")];
  // "a" was here first of all, and was come back to last.
  const turns = turnsOf(["a", "d", "c"], names, "b");
  expect(turns).toEqual(["b", "a", "d"]);
  expect(outdated(names, turns)).toEqual([nameOf("c")]);
  expect(turnsOf(["b", "a"], names, "b")).toEqual(["b", "a"]);
  expect(outdated([nameOf("b")], ["b"])).toEqual([]);
});

test("where nothing was written down yet, those that are here are taken in their order", () => {
  const names = ["other", nameOf("x"), nameOf("y"), nameOf("a"), nameOf("b")];
  expect(turnsOf([], names, "b")).toEqual(["b", "a", "y"]);
  expect(turnsOf([], [], "b")).toEqual(["b"]);
});

test("the shell of other files is not taken for ours", () => {
  const page = (script: string) => `<script type="module" src="${script}"></script><link rel="manifest" href="/manifest.webmanifest">`;
  expect(isOurs(page("/assets/index-1a.js"), shell)).toBe(true);
  expect(isOurs(page("/assets/fr/index-2b.js"), shell)).toBe(false);
  expect(isOurs("<p>Sign in</p>", shell)).toBe(false);
});

test("a push shows what it says, and always something", () => {
  const said = {
    web_push: 8030,
    notification: {
      title: "[Critical] disk", body: "97 %", navigate: "https://hub.example.org/incidents/01K?x=1", lang: "fr", tag: "t",
      actions: [{ action: "acknowledge", title: "Acquitter" }, { title: "of nothing" }, 7],
    },
    vigie: { alert: "01K", severity: "critical", receipt: "abc" },
  };
  expect(read(JSON.stringify(said))).toEqual({
    title: "[Critical] disk", body: "97 %", navigate: "/incidents/01K?x=1", lang: "fr", tag: "t", critical: true, alert: "01K",
    receipt: "abc", actions: [{ action: "acknowledge", title: "Acquitter" }],
  });
  for (const nonsense of [undefined, "", "{", "null", "[]", '"x"', '{"notification":7}']) {
    expect(read(nonsense).title, String(nonsense)).toBe("Vigie");
  }
});

test("a tap leads to our own pages alone", () => {
  for (const [said, leads] of [["https://evil.example/incidents", "/incidents"], ["javascript:alert(1)", "/"], ["//evil.example/x", "/x"], ["https://hub.example//evil.example/x", "/"]]) {
    const path = read(JSON.stringify({ notification: { title: "x", navigate: said } })).navigate;
    expect(path.startsWith("/") && !path.startsWith("//"), `${said}: ${path}`).toBe(true);
    if (leads !== "/") expect(path).toBe(leads);
  }
});
