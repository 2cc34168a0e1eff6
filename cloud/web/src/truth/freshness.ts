// How fresh is what is known of a machine? One grammar everywhere:
// [state] · [age] · [path] · [what is waiting] · [loss] · [ETA].
//
// What somebody counted is plain; what the hub reckons while it hears nobody says "about" and bears ≈.
import type { Amount, LedgerSummary, Machine } from "../api/types.ts";
import { age, clock, day, number, second, span, whole } from "../say/number.ts";
import { words } from "../say/words.ts";

const say = words(
  {
    live: "Live, {ago} {via}.", late: "Late: showing {time}, {via}.", silent: "Not answering: last heard {ago} {via}.",
    cut: "Last heard {ago} ({time}) {via}.", asleep: "Asleep since {time}, as announced.",
    unseen: "Enrolled, never heard.", retired: "Archived by a person.",
    relay: "via relay {name}", direct: "directly", row_late: "late {age} ↑",
    known: "{n} waiting.", guess: "The site keeps recording: about {n} expected there (estimate).",
    rate: "Catching up by {rate} measurements/s.", eta: "Caught up in about {eta}.", eta_none: "ETA not known yet.",
    lost_none: "Nothing lost, as far as is known.", lost: "{n} lost.", ahead: "Clock {age} ahead.", behind: "Clock {age} behind.",
    corrected: "Times corrected.", ago: "{age} ago", at: "on {time}", just: "just now",
    samples: ["{n} sample", "{n} samples"], ticks: ["{n} measurement", "{n} measurements"], about: "≈ {n}",
  },
  {
    live: "En direct, {ago} {via}.", late: "En retard : données de {time}, {via}.",
    silent: "Ne répond pas : dernier contact {ago} {via}.", cut: "Dernier contact {ago} ({time}) {via}.",
    asleep: "En veille depuis {time}, comme annoncé.", unseen: "Enrôlée, jamais entendue.",
    retired: "Archivée par une personne.", relay: "via le relais {name}", direct: "sans relais",
    row_late: "retard {age} ↑", known: "{n} en attente.",
    guess: "Le site continue d’enregistrer : environ {n} attendus là-bas (estimation).",
    rate: "Rattrapage de {rate} relevés/s.", eta: "Rattrapage dans {eta} environ.",
    eta_none: "Fin du rattrapage pas encore connue.", lost_none: "Aucune perte, à ce qu’on en sait.", lost: "Perdu : {n}.",
    ahead: "Horloge en avance de {age}.", behind: "Horloge en retard de {age}.", corrected: "Heures corrigées.",
    ago: "il y a {age}", at: "le {time}", just: "à l’instant", samples: ["{n} mesure", "{n} mesures"],
    ticks: ["{n} relevé", "{n} relevés"], about: "≈ {n}",
  },
);

const DAY = 86_400_000;

/** How long ago: within a day in spans, before that by its date. */
export function ago(at: number, now: number): string {
  const past = now - at;
  if (past >= DAY) return say("at", { time: day(at) });
  return past < 1500 ? say("just") : say("ago", { age: span(past) });
}

/** When a machine was last heard, in ms; none when it never was. */
export function heardAt(machine: Pick<Machine, "last_sample" | "reachability">): number | undefined {
  const at = machine.last_sample?.observed_at ?? machine.reachability.since;
  return at === null ? undefined : Date.parse(at);
}

/** An amount in words: samples where somebody counted them, measurements otherwise. */
export function amount(of: Pick<Amount, "ticks" | "samples">): string {
  return of.samples === null ? say("ticks", { n: of.ticks }) : say("samples", { n: of.samples });
}

/** An amount as a number; what is reckoned bears ≈. */
export function short(of: Amount): string {
  const n = of.samples ?? of.ticks;
  return of.estimated && n > 0 ? say("about", { n: whole(n) }) : whole(n);
}

/** What waits for a machine, now. While its site is cut off nobody tells of it: then so much is reckoned as its interval says. */
export function waitingOf(machine: Pick<Machine, "ledger" | "reachability" | "interval_ms" | "last_sample">, now: number): Amount {
  const told = machine.ledger.waiting;
  const at = heardAt(machine);
  if (machine.reachability.state !== "cut" || told.estimated || at === undefined) return told;
  const ticks = Math.floor(Math.max(0, now - at) / Math.max(1, machine.interval_ms));
  return ticks > told.ticks ? { ticks, samples: null, estimated: true } : told;
}

/** All that will not come. */
export function lost(ledger: Pick<LedgerSummary, "given_up">): Amount {
  const all: Amount = { ticks: 0, samples: 0, estimated: false };
  for (const one of ledger.given_up) {
    all.ticks += one.ticks;
    all.samples = one.samples === null || all.samples === null ? null : all.samples + one.samples;
  }
  return all;
}

/** The way it came. */
export function via(path: readonly string[] | undefined): string {
  const relays = (path ?? []).filter((hop) => hop.startsWith("relay:")).map((hop) => hop.slice(6));
  return relays.length ? say("relay", { name: relays.join(" → ") }) : say("direct");
}

/** The short form, for a row: the age and a mark. */
export function freshRow(state: string, at: number | undefined, hasLost: boolean, now: number): string {
  if (at === undefined || state === "unseen") return "–";
  const old = age(now - at);
  if (state === "late") return say("row_late", { age: old });
  if (state === "cut") return `${old} ◌${hasLost ? " !" : ""}`;
  return old;
}

/** The whole sentence. */
export function freshSentence(machine: Machine, now: number): string {
  return [stateOf(machine, now), ...waits(machine, now), ...lossOf(machine), ...clockOf(machine)].join(" ");
}

function stateOf(machine: Machine, now: number): string {
  const at = heardAt(machine);
  const { state, since } = machine.reachability;
  if (state === "retired") return say("retired");
  if (at === undefined || state === "unseen") return say("unseen");
  if (state === "asleep") return say("asleep", { time: clock(since === null ? at : Date.parse(since), now) });
  const way = via(machine.last_sample?.path);
  if (state === "late") return say("late", { time: second(at, now), via: way });
  if (state === "cut") return say("cut", { ago: ago(at, now), time: clock(at, now), via: way });
  return say(state, { ago: ago(at, now), via: way });
}

function waits(machine: Machine, now: number): string[] {
  const { drain, reachability } = machine;
  const waiting = waitingOf(machine, now);
  const told = reachability.state === "late" || reachability.state === "cut" || drain !== null;
  if (waiting.ticks === 0 || !told) return [];
  const all = say(waiting.estimated ? "guess" : "known", { n: amount(waiting) });
  if (!drain) return [all];
  const done = drain.done_in_seconds;
  const eta = done === null ? say("eta_none") : say("eta", { eta: span(done * 1000) });
  return [all, say("rate", { rate: number(drain.ticks_per_second) }), eta];
}

function lossOf(machine: Machine): string[] {
  const gone = lost(machine.ledger);
  if (gone.ticks > 0) return [say("lost", { n: amount(gone) })];
  return machine.reachability.state === "late" ? [say("lost_none")] : [];
}

function clockOf({ clock }: Machine): string[] {
  if (!clock) return [];
  const off = say(clock.ahead_ms > 0 ? "ahead" : "behind", { age: span(Math.abs(clock.ahead_ms)) });
  return clock.corrected ? [off, say("corrected")] : [off];
}
