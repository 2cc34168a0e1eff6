// What was raised at a site within the last day, in bars of a quarter of an hour?
//
// A bar says what was raised, not that all was well: where nothing was raised the strip is empty, and never green.
import type { Incident, Severity } from "../api/types.ts";
import { spellsOf } from "../incidents/spells.ts";

export const BARS = 96;
const BAR_MS = 900_000;

export interface Bar {
  /** The worst that was raised. */
  worst: Severity | undefined;
  /** The site was cut off: what else was, nobody saw from here. */
  cut: boolean;
}

export interface Strip {
  bars: Bar[];
  incidents: number;
  cuts: number;
  cutMs: number;
}

type Raised = Pick<Incident, "severity" | "since" | "began" | "ended" | "past" | "learnt_at" | "rule">;

/** `isCut` says which of them is the cut of the site itself. */
export function stripOf(incidents: readonly Raised[], isCut: (one: Raised) => boolean, now: number): Strip {
  const begin = now - BARS * BAR_MS;
  const strip: Strip = { bars: Array.from({ length: BARS }, () => ({ worst: undefined, cut: false })), incidents: 0, cuts: 0, cutMs: 0 };
  for (const [one, spell] of incidents.flatMap((one) => spellsOf(one).map((spell) => [one, spell] as const))) {
    const from = Math.max(begin, spell.from);
    const to = Math.min(now, spell.to ?? now);
    if (to <= from && spell.to !== undefined) continue;
    if (isCut(one)) {
      strip.cuts += 1;
      strip.cutMs += to - from;
    } else {
      strip.incidents += 1;
    }
    const last = Math.min(BARS - 1, Math.floor((to - begin) / BAR_MS));
    for (let at = Math.floor((from - begin) / BAR_MS); at <= last; at += 1) mark(strip.bars[at], one, isCut(one));
  }
  return strip;
}

const ORDER: readonly (Severity | undefined)[] = [undefined, "info", "warning", "critical"];

function mark(bar: Bar | undefined, one: Raised, cut: boolean): void {
  if (!bar) return;
  if (cut) bar.cut = true;
  else if (ORDER.indexOf(one.severity) > ORDER.indexOf(bar.worst)) bar.worst = one.severity;
}

export const STRIP_HEIGHT = 20;
const HEIGHT = { critical: STRIP_HEIGHT, warning: 13, info: 6 };

/** The bars of each kind as one drawing, each a unit wide: a hundred strips are a few paths and no thousands of bars. */
export function drawn({ bars }: Strip): { kind: Severity | "cut"; d: string }[] {
  const one = (at: number, height: number) => `M${at} ${STRIP_HEIGHT - height}h1v${height}h-1z`;
  const worst = (kind: Severity) => bars.map((bar, at) => (bar.worst === kind ? one(at, HEIGHT[kind]) : "")).join("");
  const cut = bars.map((bar, at) => (bar.cut ? one(at, STRIP_HEIGHT) : "")).join("");
  const all = [{ kind: "cut" as const, d: cut }, ...(["info", "warning", "critical"] as const).map((kind) => ({ kind, d: worst(kind) }))];
  return all.filter(({ d }) => d);
}
