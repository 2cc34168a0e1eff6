// How does a page say something in each language?
//
// A page brings its own words, English and French side by side. What one language lacks, or a place in braces that only one
// of them has, does not compile. `build/language.ts` makes pages of one language of it, and puts each sentence where it is said.
import { settings } from "../settings.svelte.ts";
import { isOne, whole } from "./number.ts";

/** A sentence with `{places}`, or one for one and one for many: then `{n}` is a number. */
export type Phrase = string | readonly [one: string, other: string];
type Dict = Readonly<Record<string, Phrase>>;

type PlacesIn<S> = S extends `${string}{${infer P}}${infer Rest}` ? P | PlacesIn<Rest> : never;
type Places<P> = P extends readonly string[] ? PlacesIn<P[number]> | "n" : PlacesIn<P>;
type Same<E, F> = {
  [K in keyof E]: K extends keyof F
    ? [Places<F[K]>] extends [Places<E[K]>]
      ? [Places<E[K]>] extends [Places<F[K]>]
        ? Phrase
        : { error: "the places in braces differ"; places: Places<E[K]> }
      : { error: "the places in braces differ"; places: Places<E[K]> }
    : never;
};
type Args<P> = [Places<P>] extends [never] ? [] : [places: Readonly<Record<Places<P>, string | number>>];

export type Say<E> = <K extends keyof E & string>(key: K, ...places: Args<E[K]>) => string;

/** The words of a page. In a template the text follows the language by itself. */
export function words<const E extends Dict, const F extends Dict & Same<E, F>>(
  en: E,
  fr: F & { [K in keyof F]: K extends keyof E ? unknown : never },
): Say<E> {
  return (key, ...[places]) => {
    const phrase: Phrase = (settings.language === "fr" ? fr : en)[key] as Phrase;
    return fill(phrase, (places ?? {}) as Readonly<Record<string, string | number>>);
  };
}

/** A sentence with what stands in its places. */
export function fill(phrase: Phrase, places: Readonly<Record<string, string | number>>): string {
  const text = typeof phrase === "string" ? phrase : phrase[isOne(Number(places["n"])) ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = places[name];
    return typeof value === "number" ? whole(value) : (value ?? "");
  });
}
