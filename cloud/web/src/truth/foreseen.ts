// When is a disk full, and how sure is that, in words?
import { clock } from "../say/number.ts";
import { words } from "../say/words.ts";
import type { Forecast } from "./forecast.ts";

const say = words(
  {
    between: "full between {sooner} and {later}", about: "full about {sooner}", stopped: "full about {sooner} if it grows as over a day; it did not within the last 6 h", steady: "steady: a day and the last 6 h say nearly the same",
    unsteady: "not sure: a day and the last 6 h say different things", young: "not sure: less than a day of it is known", unseen: "What grows in steps, or is cleared at night, is not foreseen by a slope.",
  },
  {
    between: "plein entre {sooner} et {later}", about: "plein vers {sooner}", stopped: "plein vers {sooner} s’il grandit comme sur une journée ; il ne l’a pas fait depuis 6 h", steady: "régulier : la journée et les 6 dernières heures disent presque pareil",
    unsteady: "pas sûr : la journée et les 6 dernières heures se contredisent", young: "pas sûr : on en connaît moins d’une journée", unseen: "Ce qui grandit par à-coups, ou se vide la nuit, n’est pas prévu par une pente.",
  },
);
const HOUR_MS = 3_600_000;

export function whenFull({ sooner, later }: Forecast, now: number): string {
  const at = (ms: number) => clock(ms, now);
  if (later === undefined) return say("stopped", { sooner: at(sooner) });
  return later - sooner < HOUR_MS ? say("about", { sooner: at(sooner) }) : say("between", { sooner: at(sooner), later: at(later) });
}

export const howSure = (one: Forecast): string => say(one.steady ? "steady" : one.wholeDay ? "unsteady" : "young");

export const notForeseen = (): string => say("unseen");
