// What is said of what waits to be sent?
import { words } from "../say/words.ts";
import { saidOf } from "../say/wrong.ts";
import type { Entry, State, Word } from "./entry.ts";

const say = words(
  {
    waiting: "Waiting on this device: the hub does not have it yet", sent: "At the hub",
    everywhere: "Known everywhere", refused: "Refused", unsure: "Sent, and nothing was heard for a day: look at the incident before it is sent again",
    acknowledge: "Acknowledge", unacknowledge: "Not known after all", comment: "Comment", assign: "Assign", snooze: "Quiet", wake: "Speak again", resolve: "Close", photo: "Photo",
  },
  {
    waiting: "En attente sur cet appareil : le hub ne l’a pas encore", sent: "Au hub",
    everywhere: "Connu partout", refused: "Refusé", unsure: "Envoyé, sans réponse depuis un jour : regardez l’incident avant de renvoyer",
    acknowledge: "Acquitter", unacknowledge: "Finalement pas connu", comment: "Commenter", assign: "Confier", snooze: "Silence", wake: "Reparler", resolve: "Clore", photo: "Photo",
  },
);

const TICKS: Record<State, string> = { waiting: "◷", sent: "✓", refused: "✗", unsure: "?" };

/** How far it came: here, at the hub, everywhere. */
export function reachOf(entry: Pick<Entry, "state">, everywhere: boolean): { ticks: string; text: string } {
  if (entry.state === "sent" && everywhere) return { ticks: "✓✓", text: say("everywhere") };
  return { ticks: TICKS[entry.state], text: say(entry.state) };
}

/** Why the hub refused it, in the reader's language as far as it can be. */
export const whyOf = ({ problem, why = "" }: Pick<Entry, "problem" | "why">): string => (problem ? saidOf(problem) : why);

export const wordOf = (word: Word): string => say(word);
