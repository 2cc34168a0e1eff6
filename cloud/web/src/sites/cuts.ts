// When was a site cut off, and what was raised there meanwhile? The ledger of cuts.
import type { Cut, Incident } from "../api/types.ts";
import { spellsOf } from "../incidents/spells.ts";

export interface CutLine {
  id: string;
  from: number;
  /** None while it is still cut off. */
  to: number | undefined;
  /** When the hub learnt of it. */
  learnt: number;
  /** Cuts of the same incident before this line, of which nothing but their number is known any more. */
  unkept: number;
  /** What was raised at the site within that time, or just before and not told any more. */
  raised: Incident[];
  /** What the hub says of the return, if it still does. */
  told: Cut | undefined;
}

/** A cut is noticed so long after it began, behind a metered line: what was raised there by then was learnt with the rest. */
const NOTICED_MS = 180_000;

/** The cuts among the incidents of a site, newest first: each by itself, also where several are one incident. */
export function cutsOf(incidents: readonly Incident[], told: readonly Cut[], isCut: (one: Incident) => boolean, now: number): CutLine[] {
  const others = incidents.filter((one) => !isCut(one));
  const begins = others.map((other) => ({ other, at: spellsOf(other).map(({ from }) => from) }));
  const lines = incidents.filter(isCut).flatMap((one) => {
    const spells = spellsOf(one);
    return spells.map(({ from, to }, nth): CutLine => {
      const within = (at: number) => at >= from && at <= (to ?? now);
      const untold = ({ learnt_at }: Incident, at: readonly number[]) => Date.parse(learnt_at) >= from && at.some((begun) => begun < from && begun >= from - NOTICED_MS);
      const raised = begins.filter(({ other, at }) => at.some(within) || untold(other, at)).map(({ other }) => other);
      const said = told.find((cut) => cut.id === one.id && Date.parse(cut.from) === from);
      // When it was learnt is known of the first time alone.
      const learnt = nth === 0 && one.times <= spells.length ? Date.parse(one.learnt_at) : from;
      return { id: one.id, from, to, learnt, unkept: nth === 0 ? Math.max(0, one.times - spells.length) : 0, raised, told: said };
    });
  });
  return lines.sort((a, b) => b.from - a.from);
}
