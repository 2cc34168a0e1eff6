// What is written under a chart: times of the reader's day, the date where a day begins, each once.
import type { Language } from "../settings.svelte.ts";

const DAY_S = 86_400;

/** Labels for moments in seconds since 1970, `every` seconds apart. */
export function timeLabels(splits: readonly number[], every: number, language: Language, timeZone?: string): string[] {
  const locale = language === "fr" ? "fr-FR" : "en-GB";
  const make = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, { hourCycle: "h23", ...(timeZone ? { timeZone } : {}), ...options });
  const date = make({ day: "numeric", month: "short" });
  const clock = make(every < 60 ? { hour: "2-digit", minute: "2-digit", second: "2-digit" } : { hour: "2-digit", minute: "2-digit" });
  let last = "";
  return splits.map((second) => {
    const day = date.format(second * 1000);
    if (every >= DAY_S) return day;
    const time = clock.format(second * 1000);
    const text = day === last ? time : `${time}\n${day}`;
    last = day;
    return text;
  });
}
