// How are numbers, spans and moments written in the reader's language?
import { settings, type Language } from "../settings.svelte.ts";

/** What stands between a word and what it is of. */
export const colon = (): string => (settings.language === "fr" ? "\u00a0:" : ":");

/** What the browser says in a language. Made when it is first wanted: a telephone takes some milliseconds for each. */
function lazily<T>(make: (locale: string) => T): () => T {
  const made = new Map<Language, T>();
  return () => {
    const language = settings.language;
    let own = made.get(language);
    if (own === undefined) made.set(language, (own = make(language === "fr" ? "fr-FR" : "en-GB")));
    return own;
  };
}

const wholes = lazily((locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }));
const numbers = lazily((locale) => new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 }));
const shares = lazily((locale) => new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 }));
const roundeds = lazily((locale) => new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 }));
const days = lazily((locale) => new Intl.DateTimeFormat(locale, { hourCycle: "h23", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }));

// What stands on every page is written as the browser's own tools would, without them: so the first screen waits for none.
export function whole(n: number): string {
  if (!Number.isSafeInteger(n) || n < 0 || Object.is(n, -0)) return wholes().format(n);
  return n < 1000 ? `${n}` : `${n}`.replace(/\B(?=(\d{3})+$)/g, settings.language === "fr" ? "\u202f" : ",");
}
/** With three significant digits. */
export const number = (n: number): string => numbers().format(n);
/** A share of 1 in per cent. */
export const share = (n: number): string => (isShare(n) ? percent(half(n * 1000) / 10) : shares().format(n));
/** The same in whole per cent, where there is little room. */
export const rounded = (n: number): string => (isShare(n) ? percent(half(n * 100)) : roundeds().format(n));
// Half a step goes up, also where it can not be written in binary.
const half = (n: number): number => Math.round(n + 1e-9);
const isShare = (n: number): boolean => n >= 0 && n < 9 && !Object.is(n, -0);
const percent = (n: number): string => (settings.language === "fr" ? `${n}`.replace(".", ",") + "\u00a0%" : `${n}%`);
/** Whether a sentence about so many is that of one: in French nothing and one and a half are. */
export const isOne = (n: number): boolean => (settings.language === "fr" ? Math.abs(n) < 2 : Math.abs(n) === 1);

/** An age in one unit: `3 s`, `2 h`. */
export function age(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  const day = settings.language === "fr" ? "j" : "d";
  if (s < 60) return `${s}\u202fs`;
  if (s < 3600) return `${Math.floor(s / 60)}\u202fmin`;
  if (s < 86_400) return `${Math.floor(s / 3600)}\u202fh`;
  return `${Math.floor(s / 86_400)}\u202f${day}`;
}

/** A span in two units where the second matters: `3 h 12 min`. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return age(ms);
  if (s < 600 && s % 60) return `${Math.floor(s / 60)}\u202fmin ${s % 60}\u202fs`;
  if (s < 3600) return `${Math.floor(s / 60)}\u202fmin`;
  const day = settings.language === "fr" ? "j" : "d";
  const two = (a: number, unit: string, b: number, small: string) =>
    b ? `${a}\u202f${unit} ${b}\u202f${small}` : `${a}\u202f${unit}`;
  if (s < 86_400) return two(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "min");
  return two(Math.floor(s / 86_400), day, Math.floor((s % 86_400) / 3600), "h");
}

const DAY = 86_400_000;

const padded = (n: number): string => `${n}`.padStart(2, "0");

/** A moment: its time of day within the last day, its date before. */
export function clock(at: number, now: number): string {
  if (!isToday(at, now)) return day(at);
  const time = new Date(at);
  return `${padded(time.getHours())}:${padded(time.getMinutes())}`;
}

/** As `clock`, to the second. */
export function second(at: number, now: number): string {
  return isToday(at, now) ? `${clock(at, now)}:${padded(new Date(at).getSeconds())}` : day(at);
}

const isToday = (at: number, now: number): boolean => Math.abs(now - at) < DAY - 3_600_000;

/** The date and the time of day. */
export const day = (at: number): string => days().format(at);
