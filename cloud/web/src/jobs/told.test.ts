import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { settings } from "../settings.svelte.ts";
import { spoken } from "./told.ts";

const hub = readFileSync(new URL("../../../../shared/jobs/src/told.rs", import.meta.url), "utf8");
const table = hub.slice(hub.indexOf("const SENTENCES"), hub.indexOf("];", hub.indexOf("const SENTENCES")));
const sentences = [...table.matchAll(/\(\s*"(\w+)",\s*"([^"]+)",?\s*\)/g)].map(([, code, sentence]) => ({ code: code!, sentence: sentence! }));

describe("what a job reported", () => {
  const before = settings.language;
  const reads = (language: "en" | "fr") => Object.assign(settings, { language });
  afterEach(() => void reads(before));

  it("is said in French wherever the hub says it in its own words, with each figure in its place", () => {
    reads("fr");
    expect(sentences.length).toBeGreaterThan(20);
    for (const { code, sentence } of sentences) {
      const figures = Object.fromEntries([...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, "7"]));
      const said = spoken(sentence, { code, figures });
      expect(said, code).not.toBe(sentence);
      expect(said, code).not.toMatch(/[{}]/);
      expect(said.match(/7/g)?.length ?? 0, code).toBe(Object.keys(figures).length);
    }
  });

  it("counts and measures as the reader does", () => {
    const told = { code: "let_go", figures: { ticks: "12000", bytes: "3400000" } };
    reads("fr");
    expect(spoken("12000 ticks, 3400000 bytes were let go of", told)).toMatch(/^12\s000 ticks supprimés, 3,4\sMo$/u);
    reads("en");
    expect(spoken("", told)).toMatch(/^12,000 ticks, 3\.4\sMB were let go of$/u);
  });

  it("stays as it was said where others said it, and where the hub is of another version", () => {
    reads("fr");
    expect(spoken("550 no such mailbox", null)).toBe("550 no such mailbox");
    expect(spoken("of a hub of before", undefined)).toBe("of a hub of before");
    expect(spoken("of a newer hub", { code: "of_tomorrow", figures: {} })).toBe("of a newer hub");
  });
});
