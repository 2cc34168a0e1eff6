// Which moment is a time of the wall somewhere, and what does the wall say at a moment? With summer time.

const DAY = 86_400_000;
const readers = new Map<string, Intl.DateTimeFormat>();

function reader(zone: string): Intl.DateTimeFormat {
  let own = readers.get(zone);
  if (!own) readers.set(zone, (own = new Intl.DateTimeFormat("en-CA", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" })));
  return own;
}

/** Whether there is such a zone. */
export function isZone(zone: string): boolean {
  try {
    return Boolean(zone) && Boolean(reader(zone));
  } catch {
    return false;
  }
}

/** What the wall says, as if it were UTC: to reckon with days and hours of the wall. */
export function wallOf(at: number, zone: string): number {
  const part = Object.fromEntries(reader(zone).formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part["year"] ?? 0, (part["month"] ?? 1) - 1, part["day"] ?? 1, part["hour"] ?? 0, part["minute"] ?? 0, part["second"] ?? 0);
}

/** The moment of a time of the wall. One that is left out in spring is as much later as clocks are; of two in autumn it is the first. */
export function momentOf(wall: number, zone: string): number {
  const offset = (at: number) => wallOf(at, zone) - at;
  const [before, after] = [offset(wall - DAY), offset(wall + DAY)];
  const first = wall - Math.max(before, after);
  if (wallOf(first, zone) === wall) return first;
  const second = wall - Math.min(before, after);
  return wallOf(second, zone) === wall ? second : wall - before;
}

/** The beginning of a day of the wall, as `wallOf` gives times. */
export const dayOf = (wall: number): number => Math.floor(wall / DAY) * DAY;

/** `2026-03-29` as a day of the wall; nothing if it is none. */
export function dateOf(text: string): number | undefined {
  const wall = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return Number.isNaN(wall) ? undefined : wall;
}

export const dateText = (wall: number): string => new Date(wall).toISOString().slice(0, 10);

/** `22:30` in ms since midnight; nothing if it is none. */
export function timeOf(text: string): number | undefined {
  const found = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? (text === "24:00" ? [text, "24", "00"] : null);
  return found ? Number(found[1]) * 3_600_000 + Number(found[2]) * 60_000 : undefined;
}

/** The day of the week, 0 is Monday. */
export const weekdayOf = (wall: number): number => (Math.floor(wall / DAY) + 3) % 7;

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** Whether some days, as `mon` or `mon-fri`, hold one; all do where none is named. */
export function holdsDay(days: readonly string[], wall: number): boolean {
  if (days.length === 0) return true;
  const today = weekdayOf(wall);
  return days.some((text) => {
    const [first = -1, last = first] = text.toLowerCase().split("-").map((one) => DAYS.findIndex((day) => one.trim().startsWith(day)));
    return first <= last ? today >= first && today <= last : today >= first || today <= last;
  });
}
