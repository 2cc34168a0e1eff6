// On which days of a month does something mute? Windows of recurring work, in their own zone, with summer time.
import { dateText, dayOf, holdsDay, momentOf, timeOf, wallOf } from "../time/zone.ts";
import type { Mute } from "./plan.ts";

const DAY = 86_400_000;
/** Times of one work that are worked out: more than two months' worth of every day. */
const MOST_WINDOWS = 400;

export interface Span {
  from: number;
  until: number;
}

export interface Piece extends Span {
  mute: Mute;
  /** It goes on from the day before, or into the next. */
  before: boolean;
  after: boolean;
}

/** A day of the reader's wall, and what mutes on it. */
export interface Cell {
  /** As `2026-11-22`. */
  date: string;
  day: number;
  from: number;
  until: number;
  /** Of the month that is looked at. */
  inside: boolean;
  pieces: Piece[];
}

/** When a work mutes between two moments. What was ended before its time mutes no more from then on. */
export function windowsOf(mute: Mute, from: number, until: number): Span[] {
  const { wish } = mute;
  const begin = Math.max(from, wish.from_ms ?? Date.parse(mute.made_at));
  const end = Math.min(until, wish.until_ms, mute.ended ? Date.parse(mute.ended[1]) : Infinity);
  if (begin >= end) return [];
  if (!wish.every) return [{ from: begin, until: end }];
  const { zone, days } = wish.every;
  const [opens, closes] = [timeOf(wish.every.from), timeOf(wish.every.to)];
  if (opens === undefined || closes === undefined) return [];
  const spans: Span[] = [];
  // The day before counts, too: a night that began yesterday is not over.
  for (let day = dayOf(wallOf(begin, zone)) - DAY; spans.length < MOST_WINDOWS && momentOf(day, zone) < end; day += DAY) {
    if (!holdsDay(days, day)) continue;
    const [opened, closed] = [momentOf(day + opens, zone), momentOf(day + closes + (closes <= opens ? DAY : 0), zone)];
    const span = { from: Math.max(begin, opened), until: Math.min(end, closed) };
    if (span.until > span.from) spans.push(span);
  }
  return spans;
}

/** Whole weeks, from Monday on, around a month, or the one week of a day. */
export function cellsOf(view: "month" | "week", date: number, mutes: readonly Mute[], zone: string): Cell[] {
  const first = view === "month" ? monthOf(date) : date;
  const begin = mondayOf(first);
  const count = view === "week" ? 7 : Math.ceil((monthOf(first, 1) - begin) / (7 * DAY)) * 7;
  const days = Array.from({ length: count }, (_, at) => begin + at * DAY);
  const [from, until] = [momentOf(begin, zone), momentOf(begin + count * DAY, zone)];
  const spans = mutes.flatMap((mute) => windowsOf(mute, from, until).map((span) => ({ ...span, mute })));
  return days.map((day) => {
    const own = { from: momentOf(day, zone), until: momentOf(day + DAY, zone) };
    const pieces = spans.filter((span) => span.from < own.until && span.until > own.from).sort((a, b) => a.from - b.from);
    return {
      date: dateText(day), day, ...own, inside: view === "week" || monthOf(day) === monthOf(first),
      pieces: pieces.map((span) => ({ mute: span.mute, from: Math.max(span.from, own.from), until: Math.min(span.until, own.until), before: span.from < own.from, after: span.until > own.until })),
    };
  });
}

/** The first of the month of a day, `by` months later. */
export function monthOf(day: number, by = 0): number {
  const at = new Date(day);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + by, 1);
}

export const mondayOf = (day: number): number => day - ((Math.floor(day / DAY) + 3) % 7) * DAY;

/** The same day of another month; its last one where it has no such day. */
export function sameDayOf(day: number, by: number): number {
  const last = monthOf(day, by + 1) - DAY;
  return Math.min(last, monthOf(day, by) + (new Date(day).getUTCDate() - 1) * DAY);
}

/** Where a key of a grid of days leads (WAI-ARIA APG); nothing for any other. */
export function movedBy(key: string, shift: boolean, day: number): number | undefined {
  const steps: Record<string, number> = { ArrowLeft: day - DAY, ArrowRight: day + DAY, ArrowUp: day - 7 * DAY, ArrowDown: day + 7 * DAY, Home: mondayOf(day), End: mondayOf(day) + 6 * DAY };
  if (key === "PageUp" || key === "PageDown") return sameDayOf(day, (key === "PageUp" ? -1 : 1) * (shift ? 12 : 1));
  return steps[key];
}
