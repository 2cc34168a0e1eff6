// What is wished of a planned work, in the words of the hub; and how are works put in order?
import type { Stamp } from "../api/types.ts";

export interface Recurring {
  zone: string;
  days: string[];
  from: string;
  to: string;
}

export interface Mute {
  id: string;
  wish: {
    kind: "maintenance" | "silence";
    client: string | null;
    site: string | null;
    labels: Record<string, string>;
    from_ms: number | null;
    until_ms: number;
    every: Recurring | null;
    why: string;
  };
  by: string;
  at: string;
  made_at: Stamp;
  ended: [string, Stamp] | null;
  active: boolean;
  windows: [Stamp, Stamp][];
}

export interface Preview {
  machines: string[];
  machine_count: number;
  incidents: [string, string][];
  awake: string[];
  windows: [Stamp, Stamp][];
}

export type When = "h1" | "h4" | "night" | "custom" | "every";

/** The form as it stands. */
export interface Form {
  kind: "maintenance" | "silence";
  client: string;
  site: string;
  machine: string;
  rule: string;
  when: When;
  /** As a field of date and time has it: in the reader's zone. */
  from: string;
  until: string;
  zone: string;
  days: string[];
  begin: string;
  end: string;
  why: string;
}

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const HOUR = 3_600_000;

/** The next six o'clock in the morning where the reader is. */
export function morningAfter(now: number): number {
  const at = new Date(now);
  at.setHours(6, 0, 0, 0);
  // What is less than an hour away is this morning's end, not tonight's.
  if (at.getTime() - now < HOUR) at.setDate(at.getDate() + 1);
  return at.getTime();
}

/** What the hub is asked for; none while the form does not say when. */
export function wishOf(form: Form, now: number): Record<string, unknown> | undefined {
  const times = timesOf(form, now);
  if (!times) return undefined;
  const wish: Record<string, unknown> = { kind: form.kind, why: form.why.trim(), ...times };
  for (const name of ["client", "site", "machine", "rule"] as const) if (form[name].trim()) wish[name] = form[name].trim();
  return wish;
}

function timesOf(form: Form, now: number): Record<string, unknown> | undefined {
  if (form.when === "h1") return { minutes: 60 };
  if (form.when === "h4") return { minutes: 240 };
  if (form.when === "night") return { until_ms: morningAfter(now) };
  const [from, until] = [Date.parse(form.from), Date.parse(form.until)];
  const begin = Number.isNaN(from) ? {} : { from_ms: from };
  if (Number.isNaN(until) || until <= (Number.isNaN(from) ? now : from)) return undefined;
  if (form.when === "custom") return { ...begin, until_ms: until };
  if (!form.begin || !form.end || !form.zone) return undefined;
  return { ...begin, until_ms: until, every: { zone: form.zone, days: form.days, from: form.begin, to: form.end } };
}

export interface Agenda {
  now: Mute[];
  coming: Mute[];
  past: Mute[];
}

/** Those that mute now, those that will, and those that are over; each in the order in which it matters. */
export function agendaOf(all: readonly Mute[]): Agenda {
  const over = (one: Mute) => one.ended !== null || (!one.active && one.windows.length === 0);
  const begin = (one: Mute) => Date.parse(one.windows[0]?.[0] ?? one.made_at);
  const endedAt = (one: Mute) => (one.ended ? Date.parse(one.ended[1]) : one.wish.until_ms);
  return {
    now: all.filter((one) => !over(one) && one.active).sort((a, b) => begin(a) - begin(b)),
    coming: all.filter((one) => !over(one) && !one.active).sort((a, b) => begin(a) - begin(b)),
    past: all.filter(over).sort((a, b) => endedAt(b) - endedAt(a)),
  };
}

/** A moment as a field of date and time takes it. */
export function fieldOf(at: number): string {
  const moment = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return moment.toISOString().slice(0, 16);
}
