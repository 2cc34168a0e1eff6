import { expect, test } from "vitest";
import { settings } from "../settings.svelte.ts";
import { age, span } from "./number.ts";
import { words } from "./words.ts";

const say = words(
  { hello: "Hello {who}", rows: ["{n} row", "{n} rows"] },
  { hello: "Bonjour {who}", rows: ["{n} ligne", "{n} lignes"] },
);

test("each language says it with its own numbers and plurals", () => {
  Object.assign(settings, { language: "en" });
  expect([say("hello", { who: "Ann" }), say("rows", { n: 1 }), say("rows", { n: 0 }), say("rows", { n: 12_345 })]).toEqual(["Hello Ann", "1 row", "0 rows", "12,345 rows"]);
  Object.assign(settings, { language: "fr" });
  expect([say("hello", { who: "Ann" }), say("rows", { n: 0 }), say("rows", { n: 12_345 })]).toEqual(["Bonjour Ann", "0 ligne", "12\u202f345 lignes"]);
});

test("a span says its second unit where it matters", () => {
  Object.assign(settings, { language: "en" });
  expect([age(59_000), span(192 * 60_000), span(7_200_000), span(125_000)]).toEqual(["59\u202fs", "3\u202fh 12\u202fmin", "2\u202fh", "2\u202fmin 5\u202fs"]);
});
