// How far has it come what somebody did?
import type { Reached } from "../api/types.ts";
import { words } from "../say/words.ts";

const say = words(
  {
    queued: "Recorded here, waiting for the line to the site", site: "Recorded at the site",
    everywhere: "Known everywhere",
  },
  {
    queued: "Enregistré ici, en attente du lien vers le site", site: "Enregistré sur le site",
    everywhere: "Connu partout",
  },
);

const TICKS: Record<Reached, string> = { queued: "◷", site: "✓", everywhere: "✓✓" };

export const ticksOf = (reached: Reached): string => TICKS[reached];
export const deliveryOf = (reached: Reached): string => say(reached);
