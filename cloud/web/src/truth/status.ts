// How is a machine's state shown: which glyph, which word, and what it was when it is not known any more?
import type { Health, Severity, Shown } from "../api/types.ts";
import { words } from "../say/words.ts";

/** The glyphs: shape and fill differ, so that no colour is needed to tell them apart. */
export type Glyph =
  | "ok" | "warning" | "critical" | "stale" | "stale-ok" | "stale-warning" | "stale-critical" | "silent" | "late"
  | "unknown" | "asleep" | "retired" | "maintenance" | "info";

/** Which colours it takes. */
export type Tone = "ok" | "warning" | "critical" | "stale" | "pending" | "maintenance";

export interface Look {
  glyph: Glyph;
  tone: Tone;
  /** Not verified: drawn hatched, and never in the colour of being well. */
  hatched: boolean;
}

const LOOKS: Record<Shown, Look> = {
  ok: { glyph: "ok", tone: "ok", hatched: false },
  // Nobody judges it now: that it is heard is no word of how it is.
  heard: { glyph: "ok", tone: "stale", hatched: false },
  warning: { glyph: "warning", tone: "warning", hatched: false },
  critical: { glyph: "critical", tone: "critical", hatched: false },
  late: { glyph: "late", tone: "pending", hatched: false },
  stale: { glyph: "stale", tone: "stale", hatched: true },
  silent: { glyph: "silent", tone: "critical", hatched: true },
  asleep: { glyph: "asleep", tone: "stale", hatched: false },
  unknown: { glyph: "unknown", tone: "stale", hatched: false },
  retired: { glyph: "retired", tone: "stale", hatched: false },
};

/** What rests on nobody's word of this moment. */
const KNOWN_WITHOUT_HEARING: readonly Shown[] = ["stale", "silent", "asleep", "unknown", "retired"];

/** What may be shown while the hub itself is not heard: what was live is no longer known to be. */
export function shownNow(shown: Shown, blind: boolean): Shown {
  return blind && !KNOWN_WITHOUT_HEARING.includes(shown) ? "stale" : shown;
}

/** The look of a state; of what is not verified it shows what it was. */
export function lookOf(shown: Shown, was: Health): Look {
  const look = LOOKS[shown];
  if (shown !== "stale" || was === "unknown") return look;
  // What was critical stays red, and hatched: it may still burn.
  const tone = was === "critical" ? "critical" : "stale";
  return { glyph: `stale-${was}`, tone, hatched: true };
}

const SEVERITIES: Record<Severity, Look> = {
  info: { glyph: "info", tone: "pending", hatched: false },
  warning: LOOKS.warning,
  critical: LOOKS.critical,
};

/** The look of something that is wrong; in doubt it is not known whether it still is. */
export function lookOfSeverity(severity: Severity, doubtful: boolean): Look {
  if (!doubtful) return SEVERITIES[severity];
  if (severity === "info") return LOOKS.stale;
  return { glyph: `stale-${severity}`, tone: severity === "critical" ? "critical" : "stale", hatched: true };
}

const say = words(
  {
    ok: "OK", heard: "Live", warning: "Warning", critical: "Critical", late: "Late", stale: "Not verified",
    silent: "Not answering", asleep: "Asleep", unknown: "Never seen", retired: "Archived",
    was_ok: "was OK at {time}", was_warning: "was Warning at {time}", was_critical: "was Critical at {time}",
    was_unknown: "since {time}", info: "Note",
  },
  {
    ok: "OK", heard: "En direct", warning: "Attention", critical: "Critique", late: "En retard", stale: "Non vérifié",
    silent: "Ne répond pas", asleep: "En veille", unknown: "Jamais vu", retired: "Archivé",
    was_ok: "était OK à {time}", was_warning: "était Attention à {time}", was_critical: "était Critique à {time}",
    was_unknown: "depuis {time}", info: "Note",
  },
);

export const wordOf = (shown: Shown): string => say(shown);
export const wordOfSeverity = (severity: Severity): string => say(severity);

/** What it was, for what is not verified; empty for all else. */
export function pastOf(shown: Shown, was: Health, time: string | undefined): string {
  const past = time !== undefined && (shown === "stale" || shown === "silent");
  return past ? say(`was_${was}`, { time }) : "";
}
