// One decision of many incidents: of which of those that somebody chose is it made, and of which not?
import type { Incident } from "../api/types.ts";

export type Several = "acknowledge" | "assign" | "snooze";

/** Above this it is asked once more: nobody decides of a hundred by a slip of the finger. */
export const MANY = 10;

export interface Plan {
  of: readonly Incident[];
  /** Left out, because they are over. */
  over: number;
  /** Left out, because somebody acknowledged them already. */
  known: number;
  /** Left out, because this person may not decide there. */
  denied: number;
}

export function planOf(word: Several, chosen: readonly Incident[], may: (incident: Incident) => boolean): Plan {
  const plan = { of: [] as Incident[], over: 0, known: 0, denied: 0 };
  for (const one of chosen) {
    if (one.standing === "resolved") plan.over += 1;
    else if (!may(one)) plan.denied += 1;
    else if (word === "acknowledge" && one.standing === "acknowledged") plan.known += 1;
    else plan.of.push(one);
  }
  return plan;
}
