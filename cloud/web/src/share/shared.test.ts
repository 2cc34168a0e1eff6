import { expect, test } from "vitest";
import { sharedText } from "./shared.ts";

const shared = (parts: Record<string, string>) => sharedText(new URLSearchParams(parts));

test("what another app hands over becomes one text, in its order", () => {
  expect(shared({ title: "Seen on site", text: "the fan stands still", url: "https://example.org/f" })).toBe("Seen on site\nthe fan stands still\nhttps://example.org/f");
  expect(shared({ text: " only this " })).toBe("only this");
  expect(shared({})).toBe("");
});

test("what stands in another part is not said twice", () => {
  expect(shared({ title: "f", text: "look: https://example.org/f", url: "https://example.org/f" })).toBe("look: https://example.org/f");
  expect(shared({ title: "same", text: "same", url: "same" })).toBe("same");
});
