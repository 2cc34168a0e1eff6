// How does this week compare with the one before? Only as far as both were watched.
import type { Incident } from "../api/types.ts";
import { isCut } from "../incidents/behind.ts";
import { spellsOf } from "../incidents/spells.ts";
import { sharesOf, type SiteMinutes } from "./minutes.ts";

export const WEEK_MS = 7 * 86_400_000;

type Raised = Pick<Incident, "rule" | "severity" | "since" | "began" | "learnt_at" | "ended" | "past" | "client" | "site">;

export interface Week {
  incidents: number;
  critical: number;
  cuts: number;
  /** Time that sites were cut off, within the week. */
  cutMs: number;
}

const beganAt = (one: Raised): number => Date.parse(one.since ?? one.began ?? one.learnt_at);

/** What began within the week that ends at a moment. */
export function weekOf(incidents: readonly Raised[], end: number): Week {
  const begin = end - WEEK_MS;
  const week: Week = { incidents: 0, critical: 0, cuts: 0, cutMs: 0 };
  for (const one of incidents) {
    const began = (from: number) => from >= begin && from < end;
    if (isCut(one)) {
      for (const { from, to } of spellsOf(one)) {
        week.cutMs += Math.max(0, Math.min(to ?? end, end) - Math.max(from, begin));
        if (began(from)) week.cuts += 1;
      }
    } else if (began(beganAt(one))) {
      week.incidents += 1;
      if (one.severity === "critical") week.critical += 1;
    }
  }
  return week;
}

export interface Mover {
  place: string;
  now: number;
  before: number;
}

/** The places where most changed, the greatest change first. */
export function moversOf(incidents: readonly Raised[], end: number, most: number): Mover[] {
  const all = new Map<string, Mover>();
  for (const one of incidents) {
    const from = beganAt(one);
    if (!one.client || isCut(one) || from < end - 2 * WEEK_MS || from >= end) continue;
    const place = [one.client, one.site].filter(Boolean).join(" / ");
    const own = all.get(place) ?? { place, now: 0, before: 0 };
    all.set(place, own);
    if (from >= end - WEEK_MS) own.now += 1;
    else own.before += 1;
  }
  const change = (one: Mover) => Math.abs(one.now - one.before);
  return [...all.values()].filter((one) => change(one) > 0).sort((a, b) => change(b) - change(a) || (a.place < b.place ? -1 : 1)).slice(0, most);
}

/** A week of which less was verified than this share of the other is not held against it. */
const ENOUGH = 0.5;

export type Comparable = "yes" | "nothing" | "little";

/** Whether the two weeks may be compared at all: how much of each was verified. */
export function comparable(now: readonly SiteMinutes[], before: readonly SiteMinutes[]): Comparable {
  const verified = (sites: readonly SiteMinutes[]) => 1 - (sharesOf(sites)?.unverified ?? 1);
  const [a, b] = [verified(now), verified(before)];
  if (a === 0 || b === 0) return "nothing";
  return Math.min(a, b) / Math.max(a, b) >= ENOUGH ? "yes" : "little";
}
