// What is said of incidents, on each page that tells of them.
import type { Incident, Standing } from "../api/types.ts";
import { settings } from "../settings.svelte.ts";
import { words } from "../say/words.ts";

export const say = words(
  {
    firing: "Open", acknowledged: "Acknowledged", snoozed: "Quiet", resolved: "Over", by: "by {who}", everywhere: "everywhere",
    doubt_cut: "its site is cut off: not verified now", doubt_silent: "its machine does not answer: not verified now",
    doubt_waiting: "measurements are on their way: not verified now", "doubt_just-woken": "its judge has just begun to look: not verified now",
    doubt: "not verified now", contradicted: "two versions", late: "learnt {time} (+{span})", muted: "muted", times: ["{n} time", "{n} times"],
    nobody: "nobody has said that they know",
  },
  {
    firing: "Ouvert", acknowledged: "Acquitté", snoozed: "En silence", resolved: "Terminé", by: "par {who}", everywhere: "partout",
    doubt_cut: "son site est coupé : non vérifié à présent", doubt_silent: "sa machine ne répond pas : non vérifié à présent",
    doubt_waiting: "des mesures sont en route : non vérifié à présent", "doubt_just-woken": "son juge vient de commencer : non vérifié à présent",
    doubt: "non vérifié à présent", contradicted: "deux versions", late: "appris {time} (+{span})", muted: "muet", times: ["{n} fois", "{n} fois"],
    nobody: "personne ne dit le connaître",
  },
);

export const standingOf = (standing: Standing): string => say(standing);

/** Why it can not be said whether it still is so; empty when it can. */
export function doubtOf({ doubt }: Pick<Incident, "doubt">): string {
  switch (doubt) {
    case null:
      return "";
    case "cut":
    case "silent":
    case "waiting":
    case "just-woken":
      return say(`doubt_${doubt}`);
    default:
      return say("doubt");
  }
}

/** What a rule's template wrote as English writes numbers: `92.2%` is `92,2 %`. Names and versions stay. */
export const frenchNumbers = (text: string): string =>
  text.replace(/(?<![\p{L}\d._]|[\p{L}\d._]-)(\d+)(?:\.(\d+))?(%|[kKMGTPE]i?(?!\p{L}))/gu, (_, whole: string, part: string | undefined, unit: string) => `${whole}${part ? `,${part}` : ""}\u202f${unit}`);

/** What it says, in the reader's language where its rule has that. */
export function summaryOf({ summary, annotations }: Pick<Incident, "summary" | "annotations">): string {
  const own = annotations[`summary_${settings.language}`] || summary;
  return settings.language === "fr" && annotations["summary_fr"] ? frenchNumbers(own) : own;
}

/** Where it is: machine, site, client, as far as it is somewhere. */
export function placeOf({ client, site, machine }: Pick<Incident, "client" | "site" | "machine">): string {
  const place = [client, site].filter(Boolean).join(" / ");
  return [machine, place].filter(Boolean).join(" · ") || say("everywhere");
}

/** What was learnt this much later than it happened says both times. */
export const LATE_MS = 60_000;
export function lateness(happened: string | null, learnt: string | null): number {
  const late = happened && learnt ? Date.parse(learnt) - Date.parse(happened) : 0;
  return late > LATE_MS ? late : 0;
}
