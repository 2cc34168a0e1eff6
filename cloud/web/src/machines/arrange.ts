// How are machines laid out in rows of tiles or cells, with the heads of their groups between them?
import type { Head, Part } from "./order.ts";

/** The head of a group, or a row of machines. */
export interface Arranged {
  head: Head | undefined;
  machines: readonly number[];
}

/** Rows of so many machines; a group begins a row of its own, and has a head unless it has no title. */
export function tiled(parts: readonly Part[], across: number): Arranged[] {
  return parts.flatMap(({ head, rows }) => {
    const all: Arranged[] = head.title ? [{ head, machines: [] }] : [];
    if (!head.closed) for (let at = 0; at < rows.length; at += across) all.push({ head: undefined, machines: rows.slice(at, at + across) });
    return all;
  });
}
