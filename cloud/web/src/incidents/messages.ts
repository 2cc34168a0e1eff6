// Who was told of an incident, in words? And where nobody was, why?
import type { MessageOf, RouteOf } from "../api/types.ts";
import { clock } from "../say/number.ts";
import { words } from "../say/words.ts";

const kinds = words(
  { firing: "that it is so", resolved: "that it is over", cut: "that the site is cut off", back: "that the site is back", digest: "afterwards, in a digest", acknowledged: "that somebody knows", escalated: "one step further" },
  { firing: "que c’est en cours", resolved: "que c’est terminé", cut: "que le site est coupé", back: "que le site est de retour", digest: "après coup, dans un récapitulatif", acknowledged: "que quelqu’un est au courant", escalated: "une étape plus loin" },
);
const states = words(
  { sent: "taken at {time}", waiting: "waits, next try {time}", again: ["waits after {n} try, next {time}", "waits after {n} tries, next {time}"], dead: "given up at {time}", shown: "shown on a device at {time}" },
  { sent: "remis à {time}", waiting: "en attente, envoi {time}", again: ["en attente après {n} essai, prochain {time}", "en attente après {n} essais, prochain {time}"], dead: "abandonné à {time}", shown: "affiché sur un appareil à {time}" },
);
const routes = words(
  {
    elsewhere: "the other side, site or hub, tells of it", known: "nobody was told: somebody said first that they know", muted: "muted by planned work", behind_cut: "nobody is told: what it says was judged of a site that is cut off", held: "held back at this hour",
    waits: "gathers what belongs together", nothing: "nothing to tell: over before anybody could be told, or settled", until: "until {time}",
  },
  {
    elsewhere: "l’autre côté, site ou hub, s’en charge", known: "personne n’a été prévenu : quelqu’un a dit avant qu’il savait", muted: "rendue muette par des travaux prévus", behind_cut: "personne n’est prévenu : c’est jugé sur un site coupé", held: "retenue à cette heure",
    waits: "rassemble ce qui va ensemble", nothing: "rien à dire : terminé avant que quiconque ait pu être prévenu, ou déjà réglé", until: "jusqu’à {time}",
  },
);

/** What a message told. */
export const kindOf = (kind: string): string => (isKind(kind) ? kinds(kind) : kind);

type Kind = "firing" | "resolved" | "cut" | "back" | "digest" | "acknowledged" | "escalated";
const KINDS: readonly string[] = ["firing", "resolved", "cut", "back", "digest", "acknowledged", "escalated"];
const isKind = (kind: string): kind is Kind => KINDS.includes(kind);

/** What became of it: that the other end has taken it says of nobody that they read it. */
export function fateOf(one: MessageOf, now: number): string {
  const time = clock(Date.parse(one.at), now);
  const fate = one.state === "waiting" && one.tries > 0 ? states("again", { n: one.tries, time }) : states(one.state, { time });
  return one.displayed_at ? `${fate}, ${states("shown", { time: clock(Date.parse(one.displayed_at), now) })}` : fate;
}

/** Why a route has told nothing; empty where it has. */
export function standsOf({ standing, until }: RouteOf, now: number): string {
  if (standing === "told") return "";
  return until ? `${routes(standing)}, ${routes("until", { time: clock(Date.parse(until), now) })}` : routes(standing);
}
