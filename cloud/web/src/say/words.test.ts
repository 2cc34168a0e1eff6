import { expect, test } from "vitest";
import { settings } from "../settings.svelte.ts";
import { age, clock, isOne, rounded, second, share, span, whole } from "./number.ts";
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

test("numbers, shares, plurals and times of day are written as the browser's own tools write them", () => {
  const numbers = [0, 1, 1.5, 2, 9, 10, 999, 1000, 9999, 10_000, 123_456, 1_234_567, 2 ** 53, -0, -1, -12_345, 0.4, 1234.5, NaN, Infinity];
  const now = Date.parse("2026-11-22T23:30:00Z");
  for (const [language, locale] of [["en", "en-GB"], ["fr", "fr-FR"]] as const) {
    Object.assign(settings, { language });
    expect(numbers.map(whole)).toEqual(numbers.map((n) => new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }).format(n)));
    const plurals = new Intl.PluralRules(locale);
    expect(numbers.map(isOne)).toEqual(numbers.map((n) => plurals.select(n) === "one"));
    const [tenths, units] = [1, 0].map((maximumFractionDigits) => new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits }));
    const shares = [-0, -0.5, NaN, Infinity, 12.345, 8.9999, 1e-9, ...Array.from({ length: 20_001 }, (_, n) => n / 10_000), ...Array.from({ length: 1001 }, (_, n) => Math.fround(n / 1000))];
    expect(shares.filter((n) => share(n) !== tenths?.format(n) || rounded(n) !== units?.format(n))).toEqual([]);
    for (let hour = 0; hour < 23; hour += 1) {
      const at = now - hour * 3_599_000;
      const time = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, { hourCycle: "h23", hour: "2-digit", minute: "2-digit", ...options }).format(at);
      expect([clock(at, now), second(at, now)]).toEqual([time({}), time({ second: "2-digit" })]);
    }
  }
});

test("a moment of another day says its date", () => {
  Object.assign(settings, { language: "en" });
  const at = new Date(2026, 10, 20, 9, 5).getTime();
  expect([clock(at, at + 3 * 86_400_000), second(at, at + 3 * 86_400_000)]).toEqual(["20 Nov, 09:05", "20 Nov, 09:05"]);
});
