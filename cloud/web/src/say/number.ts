// How are numbers, spans and moments written in the reader's language?
import { settings, type Language } from "../settings.svelte.ts";

interface Tools {
  whole: Intl.NumberFormat;
  number: Intl.NumberFormat;
  share: Intl.NumberFormat;
  rounded: Intl.NumberFormat;
  plural: Intl.PluralRules;
  clock: Intl.DateTimeFormat;
  second: Intl.DateTimeFormat;
  day: Intl.DateTimeFormat;
}

const made = new Map<Language, Tools>();

function tools(): Tools {
  const language = settings.language;
  let own = made.get(language);
  if (!own) made.set(language, (own = make(language === "fr" ? "fr-FR" : "en-GB")));
  return own;
}

function make(locale: string): Tools {
  const time = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { hourCycle: "h23", ...options });
  return {
    whole: new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }),
    number: new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 }),
    share: new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 }),
    rounded: new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 }),
    plural: new Intl.PluralRules(locale),
    clock: time({ hour: "2-digit", minute: "2-digit" }),
    second: time({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    day: time({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }),
  };
}

export const whole = (n: number): string => tools().whole.format(n);
/** With three significant digits. */
export const number = (n: number): string => tools().number.format(n);
/** A share of 1 in per cent. */
export const share = (n: number): string => tools().share.format(n);
/** The same in whole per cent, where there is little room. */
export const rounded = (n: number): string => tools().rounded.format(n);
export const pluralOf = (n: number): Intl.LDMLPluralRule => tools().plural.select(n);

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

/** A moment: its time of day within the last day, its date before. */
export function clock(at: number, now: number): string {
  return Math.abs(now - at) < DAY - 3_600_000 ? tools().clock.format(at) : tools().day.format(at);
}

/** As `clock`, to the second. */
export function second(at: number, now: number): string {
  return Math.abs(now - at) < DAY - 3_600_000 ? tools().second.format(at) : tools().day.format(at);
}

/** The date and the time of day. */
export const day = (at: number): string => tools().day.format(at);
