// When was a site cut off, and what was raised there meanwhile? The ledger of cuts.
import type { Cut, Incident } from "../api/types.ts";

export interface CutLine {
  id: string;
  from: number;
  /** None while it is still cut off. */
  to: number | undefined;
  /** When the hub learnt of it. */
  learnt: number;
  /** How often it was cut off within this one incident. */
  times: number;
  /** The first of those times. */
  first: number;
  /** What was raised at the site within that time. */
  raised: Incident[];
  /** What the hub says of the return, if it still does. */
  told: Cut | undefined;
}

const at = (text: string | null): number | undefined => (text === null ? undefined : Date.parse(text));

/** The cuts among the incidents of a site, newest first. */
export function cutsOf(incidents: readonly Incident[], told: readonly Cut[], isCut: (one: Incident) => boolean, now: number): CutLine[] {
  const others = incidents.filter((one) => !isCut(one));
  const lines = incidents.filter(isCut).map((one): CutLine => {
    const from = at(one.since) ?? at(one.began) ?? Date.parse(one.learnt_at);
    const to = at(one.ended);
    const began = (other: Incident) => at(other.since) ?? Date.parse(other.learnt_at);
    const raised = others.filter((other) => began(other) >= from && began(other) <= (to ?? now));
    return { id: one.id, from, to, learnt: Date.parse(one.learnt_at), times: one.times, first: at(one.began) ?? from, raised, told: told.find((cut) => cut.id === one.id) };
  });
  return lines.sort((a, b) => b.from - a.from);
}
