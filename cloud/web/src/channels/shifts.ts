// Who is on call when? The turns of a schedule, by the clocks of its own zone, and who stands in.
import { dateOf, dateText, dayOf, momentOf, timeOf, wallOf } from "../time/zone.ts";

export interface Way {
  channel: string;
  to?: string;
}

export interface ScheduleFields {
  zone?: string;
  start: string;
  hand_over?: string;
  days?: number;
  turns: string[];
  person: { name: string; tell: Way[] }[];
  stand_in?: { from: string; to: string; who: string }[];
}

export interface Shift {
  who: string;
  from: number;
  until: number;
  standsIn: boolean;
}

const DAY = 86_400_000;

/** Those who are on call between two moments, in order; nobody before the first turn. */
export function shiftsOf(fields: ScheduleFields, from: number, until: number): Shift[] {
  const [zone, days] = [fields.zone ?? "UTC", fields.days ?? 7];
  const [start, hand] = [dateOf(fields.start), timeOf(fields.hand_over ?? "09:00")];
  if (start === undefined || hand === undefined || !(days >= 1) || fields.turns.length === 0) return [];
  const begins = (turn: number) => momentOf(start + turn * days * DAY + hand, zone);
  const first = Math.max(0, Math.floor((wallOf(from, zone) - start - hand) / (days * DAY)) - 1);
  let shifts: Shift[] = [];
  for (let turn = first; begins(turn) < until; turn += 1) {
    shifts.push({ who: fields.turns[turn % fields.turns.length] ?? "", from: begins(turn), until: begins(turn + 1), standsIn: false });
  }
  // Of several who stand in, who was said last does.
  for (const one of fields.stand_in ?? []) {
    const [begin, end] = [wallText(one.from, zone), wallText(one.to, zone)];
    if (begin === undefined || end === undefined) continue;
    shifts = shifts.flatMap((shift) => cut(shift, begin, end));
    shifts.push({ who: one.who, from: begin, until: end, standsIn: true });
  }
  const shown = shifts.map((shift) => ({ ...shift, from: Math.max(from, shift.from), until: Math.min(until, shift.until) }));
  return shown.filter((shift) => shift.until > shift.from).sort((a, b) => a.from - b.from);
}

/** What of a shift is left when somebody stands in. */
function cut(shift: Shift, begin: number, end: number): Shift[] {
  if (end <= shift.from || begin >= shift.until) return [shift];
  return [{ ...shift, until: begin }, { ...shift, from: end }].filter((part) => part.until > part.from);
}

/** `2026-01-06T18:00` of the schedule's own clocks. */
function wallText(text: string, zone: string): number | undefined {
  const wall = Date.parse(`${text.slice(0, 16)}:00Z`);
  return Number.isNaN(wall) ? undefined : momentOf(wall, zone);
}

/** The seven days, as days of the wall, of the week that a moment is in; `by` weeks later. */
export function weekOf(at: number, zone: string, by: number): number[] {
  const today = dayOf(wallOf(at, zone));
  const monday = today - ((Math.floor(today / DAY) + 3) % 7) * DAY + by * 7 * DAY;
  return Array.from({ length: 7 }, (_, day) => monday + day * DAY);
}

/** A schedule for who writes a new one. */
export function freshSchedule(now: number, zone: string): ScheduleFields {
  return { zone, start: dateText(weekOf(now, zone, 0)[0] ?? now), hand_over: "09:00", days: 7, turns: [], person: [{ name: "", tell: [{ channel: "", to: "" }] }] };
}

/** What the hub takes: without what was left empty. */
export function scheduleSaid(fields: ScheduleFields): ScheduleFields {
  const person = fields.person.filter((one) => one.name.trim()).map((one) => ({
    name: one.name.trim(), tell: one.tell.filter((way) => way.channel.trim()).map((way) => ({ channel: way.channel.trim(), ...(way.to?.trim() ? { to: way.to.trim() } : {}) })),
  }));
  return { ...fields, person };
}
