// How many machines are behind an incident? All of a site that is cut off or where nobody answers; otherwise the one it names.
import type { Incident, Site } from "../api/types.ts";

/** The rules that are about a whole site. */
const OF_SITE = ["SiteCut", "NobodyAnswers"];

export const isCut = (one: Pick<Incident, "rule">): boolean => one.rule === "SiteCut";

export function behind(one: Pick<Incident, "rule" | "client" | "site" | "machine">, sites: readonly Site[]): number {
  if (!OF_SITE.includes(one.rule)) return 1;
  const site = sites.find((own) => own.client === one.client && own.name === one.site);
  return Math.max(1, site?.machines ?? 1);
}
