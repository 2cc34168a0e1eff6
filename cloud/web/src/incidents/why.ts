// Why does an incident stand where it stands? Each term with its points; and those that are not known, that they are not.
import { settings } from "../settings.svelte.ts";
import type { Incident } from "../api/types.ts";
import { share, span } from "../say/number.ts";
import { words } from "../say/words.ts";
import type { Impact } from "../truth/impact.ts";
import { wordOfSeverity } from "../truth/status.ts";

const say = words(
  {
    why: "Impact {score} of 100 = {parts}", unsaid: "an objective and opening hours are not said and do not count", unsaid_objective: "an objective is not said and does not count", unsaid_hours: "opening hours are not said and do not count",
    used: "{share} of a month’s allowance used up", nothing_used: "uses nothing up that is verified", open: "people are at work", closed: "nobody is at work", machines: ["{n} machine", "{n} machines"], for: "for {span}",
  },
  {
    why: "Impact {score} sur 100 = {parts}", unsaid: "objectif et heures d’ouverture non dits, non comptés", unsaid_objective: "objectif non dit, non compté", unsaid_hours: "heures d’ouverture non dites, non comptées",
    used: "{share} de ce qu’un mois permet est usé", nothing_used: "n’use rien de vérifié", open: "on travaille", closed: "personne ne travaille", machines: ["{n} machine", "{n} machines"], for: "depuis {span}",
  },
);

export function whyOf(incident: Incident, { score, severity, machines, reach, lastsMs, duration, burn, used, hours, isOpen }: Impact): string {
  const terms: [string, number][] = [[wordOfSeverity(incident.severity), severity], [say("machines", { n: machines }), reach], [say("for", { span: span(lastsMs) }), duration]];
  if (burn !== undefined) terms.push([used ? say("used", { share: share(used) }) : say("nothing_used"), burn]);
  if (hours !== undefined) terms.push([say(isOpen ? "open" : "closed"), hours]);
  const unsaid = burn === undefined ? say(hours === undefined ? "unsaid" : "unsaid_objective") : hours === undefined ? say("unsaid_hours") : "";
  const parts = terms.map(([what, points]) => `${what} (${points})`).join(" + ");
  return [say("why", { score, parts }), unsaid].filter(Boolean).join(settings.language === "fr" ? "\u00a0; " : "; ");
}
