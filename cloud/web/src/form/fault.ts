// What did the hub refuse, and at which field does that belong?
import { OutOfReach, Refused } from "../api/problem.ts";
import { wrongOf } from "../say/wrong.ts";

export interface Fault {
  /** The field it is about, where the refusal names one. */
  field: string | undefined;
  text: string;
  /** Somebody else changed it meanwhile. */
  outdated: boolean;
  /** Who they are has to be proved again. */
  proof: boolean;
}

/** The hub names a field as its API does; a form may show several of these as one. */
export type Fields = Readonly<Record<string, readonly string[]>>;

export function faultOf(error: unknown, fields: Fields): Fault {
  const code = error instanceof Refused ? error.problem.code : "";
  const detail = error instanceof Refused && !(error instanceof OutOfReach) ? error.problem.detail : "";
  return { field: fieldOf(detail, fields), text: wrongOf(error), outdated: code === "outdated" || code === "changed", proof: code === "proof-needed" };
}

/** The field whose name stands first in what was said. */
export function fieldOf(detail: string, fields: Fields): string | undefined {
  let [first, found]: [number, string | undefined] = [Infinity, undefined];
  for (const [field, names] of Object.entries(fields)) {
    for (const name of names) {
      const at = detail.search(new RegExp(`(?<![\\w-])${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`, "i"));
      if (at >= 0 && at < first) [first, found] = [at, field];
    }
  }
  return found;
}
