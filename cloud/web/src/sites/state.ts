// How is a site: heard or not, by which relay, what waits there, and when it has caught up?
//
// What somebody counted is plain; what the hub reckons while it hears nobody says "about". An end is said only where the
// rate is steady enough for one.
import type { Site } from "../api/types.ts";
import { clock, number, span } from "../say/number.ts";
import { words } from "../say/words.ts";
import { ago, amount } from "../truth/freshness.ts";
import type { Glyph, Tone } from "../truth/status.ts";

const say = words(
  {
    live: "Live", late: "Late", cut: "Cut off", unseen: "Never heard", copy: "Not verified", retired: "Archived", silent: "Not answering", asleep: "Asleep",
    heard: "Heard {ago} via relay {relay}.", direct: "Heard {ago}; its agents connect by themselves.", never: "Nobody has been heard from there yet.",
    last: "Last heard {ago} ({time}) via relay {relay}. Nothing behind it can be verified.", last_direct: "Last heard {ago} ({time}). Nothing there can be verified.",
    guess: "The site keeps recording: about {n} expected there (estimate).", known: "{n} waiting there.", none: "Nothing is waiting there.",
    rate: "Catching up by {rate} measurements/s.", eta: "Caught up in about {eta}.", eta_none: "ETA not known yet.",
    other: "Relay {relay} is not connected, last heard {ago}.", other_never: "Relay {relay} was never heard.",
  },
  {
    live: "En direct", late: "En retard", cut: "Coupé", unseen: "Jamais entendu", copy: "Non vérifié", retired: "Archivé", silent: "Ne répond pas", asleep: "En veille",
    heard: "Entendu {ago} via le relais {relay}.", direct: "Entendu {ago} ; ses agents se connectent eux-mêmes.", never: "Personne n’y a encore été entendu.",
    last: "Dernier contact {ago} ({time}) via le relais {relay}. Rien n’est vérifiable derrière lui.", last_direct: "Dernier contact {ago} ({time}). Rien n’y est vérifiable.",
    guess: "Le site continue d’enregistrer : environ {n} attendus là-bas (estimation).", known: "{n} en attente là-bas.", none: "Rien n’attend là-bas.",
    rate: "Rattrapage de {rate} relevés/s.", eta: "Rattrapage dans {eta} environ.", eta_none: "Fin du rattrapage pas encore connue.",
    other: "Le relais {relay} n’est pas connecté, dernier contact {ago}.", other_never: "Le relais {relay} n’a jamais été entendu.",
  },
);

export interface SiteLook {
  glyph: Glyph;
  tone: Tone;
  word: string;
  hatched: boolean;
}

/** What is shown of a site; `blind` while the hub itself is not heard. */
export function lookOfSite(site: Pick<Site, "reachability">, blind: boolean): SiteLook {
  const { state } = site.reachability;
  if (state === "cut" || state === "silent") return { glyph: "stale", tone: "stale", word: say(state), hatched: true };
  if (state === "unseen") return { glyph: "unknown", tone: "stale", word: say("unseen"), hatched: false };
  if (state === "retired" || state === "asleep") return { glyph: state, tone: "stale", word: say(state), hatched: false };
  if (blind) return { glyph: "stale", tone: "stale", word: say("copy"), hatched: true };
  return state === "late"
    ? { glyph: "late", tone: "pending", word: say("late"), hatched: false }
    : { glyph: "ok", tone: "ok", word: say("live"), hatched: false };
}

/** When anybody there was heard last. */
export function siteHeardAt(site: Pick<Site, "reachability" | "relays">): number | undefined {
  const heard = site.relays.flatMap(({ link }) => (link.last_heard ? [Date.parse(link.last_heard)] : []));
  if (heard.length) return Math.max(...heard);
  return site.reachability.since ? Date.parse(site.reachability.since) : undefined;
}

/** The whole sentence. */
export function siteSentence(site: Site, now: number): string {
  return [heardOf(site, now), ...othersOf(site, now), ...waitingOf(site)].join(" ");
}

function heardOf(site: Site, now: number): string {
  const at = siteHeardAt(site);
  const { state } = site.reachability;
  if (at === undefined || state === "unseen") return say("never");
  const relay = site.relays.map((own) => own.name).join(", ");
  const cut = state === "cut" || state === "silent";
  if (cut) return say(relay ? "last" : "last_direct", { ago: ago(at, now), time: clock(at, now), relay });
  const heard = site.relays.filter((own) => own.link.connected).map((own) => own.name).join(", ") || relay;
  return heard ? say("heard", { ago: ago(at, now), relay: heard }) : say("direct", { ago: ago(at, now) });
}

/** Of several relays those that are silent while the site is heard by another. */
function othersOf(site: Site, now: number): string[] {
  if (site.reachability.state === "cut" || site.relays.length < 2) return [];
  return site.relays.filter((own) => !own.link.connected).map(({ name, link }) =>
    link.last_heard ? say("other", { relay: name, ago: ago(Date.parse(link.last_heard), now) }) : say("other_never", { relay: name }),
  );
}

function waitingOf({ waiting, drain, reachability }: Site): string[] {
  if (reachability.state === "unseen") return [];
  // Where nobody is heard nobody says that nothing waits.
  if (waiting.ticks === 0) return reachability.state === "cut" ? [] : [say("none")];
  const waits = say(waiting.estimated ? "guess" : "known", { n: amount(waiting) });
  return drain ? [waits, drainOf(drain)] : [waits];
}

/** How fast it catches up, and until when if that is known. */
export function drainOf(drain: NonNullable<Site["drain"]>): string {
  const rate = say("rate", { rate: number(drain.ticks_per_second) });
  const end = drain.done_in_seconds;
  return `${rate} ${end === null ? say("eta_none") : say("eta", { eta: span(end * 1000) })}`;
}
