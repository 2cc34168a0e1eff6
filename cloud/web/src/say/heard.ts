// What the hub says in whole sentences of its own, in the reader's language: why somebody was turned away, why a route is not used.
//
// The hub says them in English. Those that are known here are said in French; any other stays as the hub said it, in quotation
// marks.
import { settings } from "../settings.svelte.ts";
import { learnt } from "./learnt.svelte.ts";

/** Has them come. Until then what is said stays as the hub said it. */
export async function learn(): Promise<void> {
  if (settings.language === "fr") learnt.known = (await import("./french.ts")).FRENCH;
}

/** What many sentences end with, and what stands then beside the code of the answer anyway. */
const UNCHANGED = "; nothing was changed";

/** In French, if the sentence is one that is known. */
export function inFrench(sentence: string): string | undefined {
  if (sentence.endsWith(UNCHANGED)) {
    const said = inFrench(sentence.slice(0, -UNCHANGED.length));
    return said && `${said} ; rien n’a été changé`;
  }
  for (const [english, french] of learnt.known) {
    const pattern = english.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("([^]*?)");
    const found = new RegExp(`^${pattern}$`).exec(sentence);
    if (found) return french.split("*").map((part, at) => (at ? found[at] : "") + part).join("");
  }
  return undefined;
}

/** What a receiver answered, or the hub says of it: the hub's own words in French, a receiver's as they came. */
export const answeredIn = (said: string): string => (settings.language === "fr" ? (inFrench(said) ?? said) : said);

/** A sentence of the hub, for whoever reads. */
export const heard = (sentence: string): string => (settings.language === "fr" ? (inFrench(sentence) ?? `« ${sentence} »`) : sentence);
