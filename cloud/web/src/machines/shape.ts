// Which columns can the table have, how wide is each, and which are shown where?
import { words } from "../say/words.ts";
import type { Sort } from "./order.ts";

const say = words(
  { status: "Status", name: "Machine", site: "Site", cpu: "CPU", memory: "Memory", disk: "Disk", os: "System", heard: "Last heard", waiting: "Waiting", lost: "Lost", slim: "Heard", trend: "CPU, 1 h", select: "Selection", tags: "Tags" },
  { status: "État", name: "Machine", site: "Site", cpu: "CPU", memory: "Mémoire", disk: "Disque", os: "Système", heard: "Entendu", waiting: "En attente", lost: "Perdu", slim: "Vu", trend: "CPU, 1 h", select: "Sélection", tags: "Étiquettes" },
);

export const COLUMNS = ["select", "status", "name", "site", "cpu", "memory", "disk", "trend", "heard", "waiting", "lost", "os", "tags"] as const;
export type ColumnName = (typeof COLUMNS)[number];

export const columnTitle = (name: ColumnName, slim = false): string => say(slim && name === "heard" ? "slim" : name);

/** Those that are always there: which machine, how it is, and what is done with it. */
export const ALWAYS: readonly ColumnName[] = ["select", "status", "name"];

/** What sorts by a column; nothing by what has no order. */
export const sortOf = (name: ColumnName): Sort | undefined => (name === "status" ? "attention" : name === "trend" || name === "select" || name === "tags" || name === "os" ? undefined : name);

/** Columns whose least comes first when one sorts by them makes no sense: most first. */
export const DOWN_FIRST: readonly ColumnName[] = ["cpu", "memory", "disk", "waiting", "lost"];

const WIDE: Record<ColumnName, string> = {
  select: "36px", trend: "88px", status: "minmax(214px, 1.5fr)", name: "minmax(146px, 2fr)", site: "minmax(116px, 1.4fr)", cpu: "minmax(84px, 1fr)", memory: "minmax(84px, 1fr)", disk: "minmax(84px, 1fr)", os: "minmax(110px, 1fr)",
  heard: "minmax(104px, .8fr)", waiting: "minmax(92px, .7fr)", lost: "minmax(60px, .5fr)", tags: "minmax(90px, 1fr)",
};
const SLIM: Partial<Record<ColumnName, string>> = { select: "32px", status: "26px", name: "minmax(100px, 1fr)", cpu: "60px", memory: "60px", heard: "64px" };
const ON_A_PHONE: readonly ColumnName[] = ["select", "status", "name", "cpu", "heard"];

/** Shown where somebody chose it: there is no room for it on most screens. */
const ON_DEMAND: readonly ColumnName[] = ["os"];

/** The columns that are shown: those of the address, or those that fit. What a machine is called is always there. */
export function chosen(text: string | null, slim: boolean): ColumnName[] {
  if (!text) return slim ? [...ON_A_PHONE] : COLUMNS.filter((name) => !ON_DEMAND.includes(name));
  const wanted = text.split(",");
  return COLUMNS.filter((name) => ALWAYS.includes(name) || wanted.includes(name));
}

/** In parts of the reader's text: a number that is cut is another number. */
const rem = (px: number): string => `${px / 16}rem`;

/** Their widths, as CSS has them. */
export const widths = (names: readonly ColumnName[], slim: boolean): string =>
  names.map((name) => (slim ? (SLIM[name] ?? WIDE[name]) : WIDE[name]).replace(/(\d+)px/g, (_, px: string) => rem(Number(px)))).join(" ");

/** The least width of all of them: below that the table scrolls sideways. */
export const least = (names: readonly ColumnName[], slim: boolean): string =>
  rem(names.reduce((sum, name) => sum + Number(/\d+/.exec((slim ? SLIM[name] : undefined) ?? WIDE[name])?.[0] ?? 0), 0));
