// How does somebody look at their machines? As the address says.
import { GROUPS, SORTS, type Group, type Sort } from "./order.ts";

export const VIEWS = ["table", "cards", "heat"] as const;
export type View = (typeof VIEWS)[number];

/** What colours a cell of the heatmap. */
export const MEASURES = ["status", "cpu", "memory"] as const;
export type Measure = (typeof MEASURES)[number];

export interface Look {
  view: View;
  group: Group;
  sort: Sort;
  down: boolean;
  measure: Measure;
  /** Groups of which only the head is shown. */
  closed: ReadonlySet<string>;
}

const oneOf = <T extends string>(all: readonly T[], text: string | null, usual: T): T => all.find((one) => one === text) ?? usual;

export function lookAt(query: URLSearchParams): Look {
  const order = query.get("sort") ?? "";
  const view = oneOf(VIEWS, query.get("view"), "table");
  return {
    view,
    // A heatmap without sites is a heap.
    group: oneOf(GROUPS, query.get("group"), view === "heat" ? "site" : "none"),
    sort: oneOf(SORTS, order.replace(/^-/, ""), "attention"),
    down: order.startsWith("-"),
    measure: oneOf(MEASURES, query.get("by"), "status"),
    closed: new Set((query.get("closed") ?? "").split(",").filter(Boolean)),
  };
}

/** Names of places are small letters, digits and -, so that a comma parts them. */
export function folded(closed: ReadonlySet<string>, key: string): string | undefined {
  const next = new Set(closed);
  if (!next.delete(key)) next.add(key);
  return [...next].join(",") || undefined;
}
