// What is said when something was not done?
//
// The hub says it in English: a stable code, why, and what to do. What the code means is said in the reader's language here; why
// it was in this one case, too, where that sentence is one that is known.
import { OutOfReach, Refused, type Problem } from "../api/problem.ts";
import { settings } from "../settings.svelte.ts";
import { heard, inFrench } from "./heard.ts";
import { words } from "./words.ts";

const say = words(
  { out: "The hub did not answer: nothing is known to have been changed. Try again, it is done once only." },
  { out: "Le hub n’a pas répondu : on ne sait pas si quelque chose a changé. Réessayez, ce ne sera fait qu’une fois." },
);

/** By code: what failed, and what to do about it. */
const FRENCH: Readonly<Record<string, readonly [title: string, next: string]>> = {
  "bad-parameter": ["Une indication ne convient pas", "Corrigez-la et recommencez"],
  unauthorized: ["Vous n’êtes pas connecté", "Reconnectez-vous"],
  "cross-site": ["La demande venait d’un autre site", "Recommencez depuis cette page"],
  "no-right": ["Vous n’en avez pas le droit", "Demandez-le à qui gère les personnes"],
  "not-found": ["Introuvable, ou hors de ce que vous pouvez voir", "Cherchez dans la liste"],
  "too-many-attempts": ["Trop d’essais manqués", "Attendez quelques minutes"],
  busy: ["Le hub est occupé", "Réessayez dans un instant"],
  "timed-out": ["La réponse a pris trop de temps", "Demandez moins à la fois, ou réessayez"],
  changed: ["Cela a changé entre-temps", "Regardez ce qui vaut à présent"],
  outdated: ["Cela a changé entre-temps", "Regardez ce qui vaut à présent"],
  conflict: ["Cela ne va pas avec ce qui existe", "Regardez ce qui existe"],
  "quota-used": ["La limite est atteinte", "Enlevez-en, ou demandez une limite plus haute"],
  "proof-needed": ["Prouvez à nouveau qui vous êtes", "Donnez votre mot de passe"],
  "code-needed": ["Il faut aussi un code", "Donnez celui de votre application"],
  unreadable: ["Ce qui a été envoyé est illisible", "Rechargez la page, ou envoyez autre chose"],
  "media-type": ["Ce format n’est pas pris ici", "Choisissez-en un autre"],
  "too-large": ["C’est trop grand", "Envoyez-en moins à la fois"],
  "key-used": ["Cette demande a déjà servi à autre chose", "Rechargez la page"],
  "carried-in-part": ["Une partie seulement a été prise, et elle reste", "Faites écrire un nouveau fichier sur place ; rien n’est pris deux fois"],
  internal: ["Le hub a échoué, et on ne sait pas si quelque chose a changé", "Regardez avant de recommencer"],
};

/** Of these the code says all that there is to say: what the hub adds is in English, and tells a reader of French no more. */
const TELLS_ALL: readonly string[] = ["unauthorized", "cross-site", "no-right", "not-found", "too-many-attempts", "busy", "timed-out", "changed", "outdated", "proof-needed", "code-needed", "too-large", "internal"];

/** A problem in the reader's language, as far as there is one. */
export function inWords({ code, title, detail, next }: Problem): { title: string; detail: string; next: string } {
  const own = settings.language === "fr" ? FRENCH[code] : undefined;
  if (own) return { title: own[0], detail: inFrench(detail) ?? (TELLS_ALL.includes(code) ? "" : heard(detail)), next: own[1] };
  return { title, detail, next: next ?? "" };
}

export function wrongOf(error: unknown): string {
  if (error instanceof OutOfReach) return say("out");
  if (!(error instanceof Refused)) return error instanceof Error ? error.message : String(error);
  return saidOf(error.problem);
}

/** A problem as one text. */
export function saidOf(problem: Problem): string {
  const { title, detail, next } = inWords(problem);
  return settings.language === "fr" && problem.code in FRENCH ? `${[title, detail].filter(Boolean).join(" : ")}. ${next}.` : [detail, next].filter(Boolean).join(". ");
}
