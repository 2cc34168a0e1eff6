// How many of a site's machines are in which state, and what was lost of them all?
import type { Reachability } from "../api/types.ts";

/** The parts of `/api/v1/machines/columns` that are counted. */
export interface Counted {
  total: number;
  reach_words: string[];
  reach: string;
  lost: number[];
}

export interface Tally {
  total: number;
  /** Those states alone that somebody is in. */
  states: [Reachability, number][];
  lost: number;
}

export function tallyOf(columns: Counted): Tally {
  const counts = new Map<Reachability, number>();
  for (const digit of columns.reach) {
    const word = columns.reach_words[Number(digit)] as Reachability | undefined;
    if (word) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const order = columns.reach_words as Reachability[];
  const states = [...counts].sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
  return { total: columns.total, states, lost: columns.lost.reduce((sum, n) => sum + n, 0) };
}
