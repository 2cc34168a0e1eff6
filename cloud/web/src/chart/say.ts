// The words of every chart, and the sentence that says what it shows to who does not see it.
import { number, second } from "../say/number.ts";
import { words } from "../say/words.ts";
import { amount, short } from "../truth/freshness.ts";
import type { Series } from "./frame.ts";
import type { Gap } from "./gaps.ts";
import type { Scale } from "./units.ts";

export const say = words(
  {
    waiting: "waiting", absent: "absent", lost: "lost", site: "waiting for the site", machine: "waiting for the machine", transit: "not arrived yet", hub: "the hub is not heard", asleep: "asleep, as announced",
    off: "the machine was off", retired: "archived", ended: "no longer measured", before: "nothing older is here", unknown: "not measured, reason not known", interrupted: "interrupted", evicted: "no room was left", corrupt: "damaged record", store_lost: "damaged store",
    hub_lost: "lost at the hub", gone: "lost: {n} ({reason})", about: "about {n} (estimate)", so_many: "{reason}: {n}", series: "{name}: minimum {low}, mean {mean}, maximum {high} at {time}", nothing: "no value", gaps: ["{n} gap", "{n} gaps"], no_gap: "no gap",
    summary: "{title}, {from} to {until}.", late: "received late {time}", all: "all", more: "{n} more", week: "a week before", table: "Table", chart: "Chart only", csv: "CSV", time: "Time", min: "min", max: "max", mean: "mean", gap: "Gap",
    keys: "Arrow keys move the cursor, plus and minus zoom, 0 goes back, T shows the table.", newest: "The newest {n} of {all}; the CSV has all.", threshold: "threshold {value}", failed: "Could not be loaded: {why}", room: "Twelve charts are drawn at most; this one follows when another has left the window.",
    loading: "Loading", band: "Shade: from the least to the most of each {step}", now: "At the cursor", cut: "site cut off",
  },
  {
    waiting: "en attente", absent: "absent", lost: "perdu", site: "en attente du site", machine: "en attente de la machine", transit: "pas encore arrivé", hub: "le hub n’est plus entendu", asleep: "en veille, comme annoncé",
    off: "la machine était éteinte", retired: "archivée", ended: "n’est plus mesuré", before: "rien de plus ancien n’est ici", unknown: "non mesuré, raison inconnue", interrupted: "interruption", evicted: "plus de place", corrupt: "enregistrement abîmé", store_lost: "stockage abîmé",
    hub_lost: "perdu au hub", gone: "perdu : {n} ({reason})", about: "environ {n} (estimation)", so_many: "{reason} : {n}", series: "{name} : minimum {low}, moyenne {mean}, maximum {high} à {time}", nothing: "aucune valeur", gaps: ["{n} trou", "{n} trous"], no_gap: "aucun trou",
    summary: "{title}, de {from} à {until}.", late: "reçu en retard {time}", all: "tout", more: "{n} de plus", week: "une semaine avant", table: "Tableau", chart: "Courbe seule", csv: "CSV", time: "Heure", min: "min", max: "max", mean: "moyenne", gap: "Trou",
    keys: "Les flèches déplacent le curseur, plus et moins changent l’échelle, 0 revient, T montre le tableau.", newest: "Les {n} plus récents sur {all} ; le CSV a tout.", threshold: "seuil {value}", failed: "N’a pas pu être chargé : {why}", room: "Douze courbes au plus sont dessinées ; celle-ci suivra quand une autre aura quitté la fenêtre.",
    loading: "Chargement", band: "Ombre : du minimum au maximum de chaque {step}", now: "Au curseur", cut: "site coupé",
  },
);

/** A measured number with its unit. */
export function valueOf(value: number | null | undefined, { times, symbol }: Scale): string {
  if (value === null || value === undefined) return "–";
  return symbol ? `${number(value * times)}\u202f${symbol}` : number(value * times);
}

/** Why a gap is there, and how much is missing where that is known. */
export function gapWords({ kind, reason, amount: of }: Gap): string {
  const much = of && (of.samples ?? of.ticks) > 0 ? (of.estimated ? say("about", { n: amount(of) }) : amount(of)) : undefined;
  if (kind === "lost") return much === undefined ? `${say("lost")} (${say(reason)})` : say("gone", { n: much, reason: say(reason) });
  return much === undefined ? say(reason) : say("so_many", { reason: say(reason), n: much });
}

/** What stands in a gap, the longest first: of what is lost the count is the last to go. */
export function gapLabels(gap: Gap): string[] {
  const n = gap.amount ? short(gap.amount) : "";
  return [gapWords(gap), ...(gap.kind === "lost" ? [] : [say(gap.reason)]), `${say(gap.kind)} ${gap.kind === "lost" ? n : ""}`.trim(), ...(gap.kind === "lost" && n ? [n] : [])];
}

export interface Picture {
  title: string;
  from: number;
  until: number;
  now: number;
  times: readonly number[];
  series: readonly (Series & { name: string })[];
  gaps: readonly Gap[];
  scale: Scale;
}

/** "CPU, 14:00 to 15:00. all: minimum 3 %, mean 21 %, maximum 94 % at 14:32. 2 gaps: waiting for the site." */
export function summaryOf({ title, from, until, now, times, series, gaps, scale }: Picture): string {
  const lines = series.map((one) => {
    const [low, high] = [one.low ?? one.mean, one.high ?? one.mean];
    let [least, most, sum, n, at] = [Infinity, -Infinity, 0, 0, 0];
    for (const [bucket, mean] of one.mean.entries()) {
      if (mean === null) continue;
      sum += mean;
      n += 1;
      least = Math.min(least, low[bucket] ?? mean);
      const top = high[bucket] ?? mean;
      if (top > most) [most, at] = [top, bucket];
    }
    if (n === 0) return `${one.name}: ${say("nothing")}.`;
    return `${say("series", { name: one.name, low: valueOf(least, scale), mean: valueOf(sum / n, scale), high: valueOf(most, scale), time: second(times[at] ?? 0, now) })}.`;
  });
  const kinds = [...new Set(gaps.map(gapWords))].join(", ");
  const missing = gaps.length ? `${say("gaps", { n: gaps.length })}: ${kinds}.` : `${say("no_gap")}.`;
  return [say("summary", { title, from: second(from, now), until: second(until, now) }), ...lines, missing].join(" ");
}

