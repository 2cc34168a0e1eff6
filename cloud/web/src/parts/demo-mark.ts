// How does the name of a machine, in a row that is filled again and again, say that nobody has it?
import { DEMO } from "../demo.ts";
import { words } from "../say/words.ts";

const say = words({ word: "demo" }, { word: "démo" });

/** The word is drawn before the name by the style: thousands of rows take no element more for it. */
export function markDemo(name: HTMLElement, client: string): void {
  const word = client === DEMO ? say("word") : undefined;
  if (name.dataset["demo"] === word) return;
  if (word === undefined) delete name.dataset["demo"];
  else name.dataset["demo"] = word;
}
