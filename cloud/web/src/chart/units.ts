// In what is a metric counted, and how is that written on its axis? Its name says so.
import type { Language } from "../settings.svelte.ts";

type Base = "percent" | "bit/s" | "bytes/s" | "bytes" | "celsius" | "s" | "s/s" | "/s" | "V" | "W" | "Hz" | "A" | "rpm" | "count";

export interface Unit {
  base: Base;
  /** What the number is multiplied with: a ratio becomes per cent, bytes of a network become bits. */
  factor: number;
  /** It only grows: what is drawn is how fast. */
  counter: boolean;
  /** Amounts of memory go in steps of 1024, all others in steps of 1000. */
  step: 1000 | 1024;
}

const unit = (base: Base, { factor = 1, counter = false, step = 1000 }: Partial<Unit> = {}): Unit => ({ base, factor, counter, step });

export function unitOf(metric: string): Unit {
  const network = /network/.test(metric);
  const counter = metric.endsWith("_total");
  const name = counter ? metric.slice(0, -6) : metric;
  if (name.endsWith("_ratio")) return unit("percent", { factor: 100 });
  if (name.endsWith("_bytes_per_second")) return network ? unit("bit/s", { factor: 8 }) : unit("bytes/s");
  if (name.endsWith("_bytes") && counter) return network ? unit("bit/s", { factor: 8, counter }) : unit("bytes/s", { counter });
  if (name.endsWith("_bytes")) return unit("bytes", { step: /memory|paging|swap/.test(name) ? 1024 : 1000 });
  if (name.endsWith("_seconds")) return counter ? unit("s/s", { counter }) : unit("s");
  if (counter) return unit("/s", { counter });
  const ends: [string, Base][] = [["_celsius", "celsius"], ["_volts", "V"], ["_watts", "W"], ["_hertz", "Hz"], ["_amperes", "A"], ["_rpm", "rpm"]];
  return unit(ends.find(([end]) => name.endsWith(end))?.[1] ?? "count");
}

export interface Scale {
  /** The drawn number is the measured one times this. */
  times: number;
  /** Written once, beside the title. */
  symbol: string;
}

const PREFIXES = ["", "k", "M", "G", "T", "P"];

/** The scale in which the largest number is easy to read. */
export function scaleOf(unit: Unit, largest: number, language: Language): Scale {
  const words: Record<Base, string> = {
    percent: "%", "bit/s": "bit/s", "bytes/s": language === "fr" ? "o/s" : "B/s", bytes: language === "fr" ? "o" : "B", celsius: "°C",
    s: "s", "s/s": "s/s", "/s": "/s", V: "V", W: "W", Hz: "Hz", A: "A", rpm: language === "fr" ? "tr/min" : "rpm", count: "",
  };
  const word = words[unit.base];
  const most = Math.abs(largest * unit.factor);
  // Only what is told in large amounts has prefixes; seconds become days.
  if (unit.base === "s" && most >= 2 * 86_400) return { times: unit.factor / 86_400, symbol: language === "fr" ? "j" : "d" };
  if (unit.base === "s" && most >= 2 * 3600) return { times: unit.factor / 3600, symbol: "h" };
  if (!["bit/s", "bytes/s", "bytes", "Hz", "W"].includes(unit.base)) return { times: unit.factor, symbol: word };
  let at = 0;
  for (let left = most; left >= unit.step && at < PREFIXES.length - 1; left /= unit.step) at += 1;
  const prefix = PREFIXES[at] ?? "";
  return { times: unit.factor / unit.step ** at, symbol: unit.step === 1024 && prefix ? `${prefix.toUpperCase()}i${word}` : prefix + word };
}

/** From where to where the axis goes. Per cent is always the whole; others begin at nothing unless somebody looks closer. */
export function spanOf(unit: Unit, least: number, most: number, close: boolean): [number, number] {
  if (unit.base === "percent") return [0, Math.max(100, most)];
  if (least > most) return [0, 1];
  const room = (most - least) * 0.08 || Math.abs(most) * 0.08 || 1;
  if (close) return [least - room, most + room];
  return [Math.min(0, least < 0 ? least - room : 0), most > 0 ? most * 1.08 : 1];
}
