// For how long is what kept? As the hub says it: days, 0 for ever, and nothing where its file holds.

export interface Days {
  raw_days: number | null;
  minute_days: number | null;
  hour_days: number | null;
}

export interface Terms {
  client: string | null;
  keeps: Days;
  said: Days | null;
  by: string | null;
  made_at: string | null;
}

export const KINDS = ["raw_days", "minute_days", "hour_days"] as const;
export type Kind = (typeof KINDS)[number];

/** The form: texts, empty where the hub's file holds. */
export type Typed = { client: string } & Record<Kind, string>;

export function typedOf(client: string, said: Days | null): Typed {
  const text = (kind: Kind) => (said?.[kind] === null || said?.[kind] === undefined ? "" : String(said[kind]));
  return { client, raw_days: text("raw_days"), minute_days: text("minute_days"), hour_days: text("hour_days") };
}

/** What the hub is sent; nothing while a number is none. */
export function daysOf(typed: Typed): Partial<Days> | undefined {
  const days: Partial<Days> = {};
  for (const kind of KINDS) {
    const text = typed[kind].trim();
    if (!text) continue;
    if (!/^\d{1,5}$/.test(text) || Number(text) > 36_500) return undefined;
    days[kind] = Number(text);
  }
  return days;
}

/** What would go within an hour of saving, that is kept now. */
export function shortened(keeps: Days, typed: Typed): Kind[] {
  const days = daysOf(typed) ?? {};
  const span = (value: number | null | undefined) => (value ? value : Infinity);
  return KINDS.filter((kind) => days[kind] !== undefined && span(days[kind]) < span(keeps[kind]));
}
