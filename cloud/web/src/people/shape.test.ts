import { expect, test } from "vitest";
import { agentText, anyLeft, grantsText, placesOf, powersText } from "./shape.ts";

test("a role stands once with all its places", () => {
  expect(grantsText([{ role: "operator", scope: "acme/lyon" }, { role: "observer", scope: "*" }, { role: "operator", scope: "acme/brest" }])).toBe("operator: acme/lyon, acme/brest · observer: *");
});

test("a role may hold everywhere, of a client or at a site", () => {
  expect(placesOf([{ client: "acme", name: "lyon" }, { client: "acme", name: "brest" }])).toEqual(["*", "acme", "acme/brest", "acme/lyon"]);
});

test("rights that hold at the same places stand together", () => {
  expect(powersText({ look: ["*"], decide: ["acme"], mute: ["acme"] })).toBe("look: * · decide, mute: acme");
});

test("a browser is named, and what is none is told as it is", () => {
  expect(agentText("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")).toBe("Firefox, Linux");
  expect(agentText("Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0")).toBe("Edge, Windows");
  expect(agentText("curl/8.1")).toBe("curl/8.1");
});

test("what was not looked for counts as found", () => {
  expect(anyLeft(null)).toBe(true);
  expect(anyLeft({ machines: 0, rows: 1 })).toBe(true);
  expect(anyLeft({ machines: 0, rows: 0 })).toBe(false);
});
