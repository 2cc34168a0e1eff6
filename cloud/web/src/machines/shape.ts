// Which columns can the table have, how wide is each, and which are shown where?
import { words } from "../say/words.ts";
import type { Sort } from "./order.ts";

const say = words(
  { status: "Status", name: "Machine", site: "Site", cpu: "CPU", memory: "Memory", heard: "Last heard", waiting: "Waiting", lost: "Lost", slim: "Heard" },
  { status: "État", name: "Machine", site: "Site", cpu: "CPU", memory: "Mémoire", heard: "Dernier contact", waiting: "En attente", lost: "Perdu", slim: "Vu" },
);

export const COLUMNS = ["status", "name", "site", "cpu", "memory", "heard", "waiting", "lost"] as const;
export type ColumnName = (typeof COLUMNS)[number];

export const columnTitle = (name: ColumnName, slim = false): string => say(slim && name === "heard" ? "slim" : name);

/** What sorts by a column. */
export const sortOf = (name: ColumnName): Sort => (name === "status" ? "attention" : name);

/** Columns whose least comes first when one sorts by them makes no sense: most first. */
export const DOWN_FIRST: readonly ColumnName[] = ["cpu", "memory", "waiting", "lost"];

const WIDE: Record<ColumnName, string> = {
  status: "minmax(230px, 1.5fr)", name: "minmax(160px, 2fr)", site: "minmax(130px, 1.4fr)", cpu: "minmax(96px, 1fr)", memory: "minmax(96px, 1fr)",
  heard: "minmax(100px, .8fr)", waiting: "minmax(76px, .7fr)", lost: "minmax(60px, .5fr)",
};
const SLIM: Partial<Record<ColumnName, string>> = { status: "26px", name: "minmax(120px, 1fr)", cpu: "84px", memory: "84px", heard: "64px" };
const ON_A_PHONE: readonly ColumnName[] = ["status", "name", "cpu", "heard"];

/** The columns that are shown: those of the address, or those that fit. What a machine is called is always there. */
export function chosen(text: string | null, slim: boolean): ColumnName[] {
  if (!text) return slim ? [...ON_A_PHONE] : [...COLUMNS];
  const wanted = text.split(",");
  return COLUMNS.filter((name) => name === "status" || name === "name" || wanted.includes(name));
}

/** Their widths, as CSS has them. */
export const widths = (names: readonly ColumnName[], slim: boolean): string =>
  names.map((name) => (slim ? (SLIM[name] ?? WIDE[name]) : WIDE[name])).join(" ");

/** The least width of all of them, in px: below that the table scrolls sideways. */
export const least = (names: readonly ColumnName[], slim: boolean): number =>
  names.reduce((sum, name) => sum + Number(/\d+/.exec((slim ? SLIM[name] : undefined) ?? WIDE[name])?.[0] ?? 0), 0);
