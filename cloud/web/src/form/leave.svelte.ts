// May somebody go away from here, or would they lose what they have typed?
import { words } from "../say/words.ts";

const say = words(
  { lose: "What you changed here is not saved. Leave it?" },
  { lose: "Ce que vous avez changé ici n’est pas enregistré. L’abandonner ?" },
);

/** Each says whether it holds something that is not saved. */
const holders = new Set<() => boolean>();

const holds = (): boolean => [...holders].some((one) => one());

/** Asks who would lose something; whether they go on. */
export const mayLeave = (): boolean => !holds() || confirm(say("lose"));

/** To be called where a form begins: who goes elsewhere while it is changed is asked. */
export function guard(changed: () => boolean): void {
  $effect(() => {
    holders.add(changed);
    return () => void holders.delete(changed);
  });
}

if (typeof addEventListener !== "undefined") addEventListener("beforeunload", (event) => { if (holds()) event.preventDefault(); });
