// What has the reader chosen for this browser? Language, colours, rows, keys, and what counts for them.
import type { OpeningHours } from "./truth/impact.ts";

export type Language = "en" | "fr";
export type Theme = "system" | "light" | "dark";
export type Density = "compact" | "regular";

interface Chosen {
  /** The one that the hub handed these pages out in: another one is had from it, by `say/language.ts`. */
  readonly language: Language;
  theme: Theme;
  density: Density;
  /** The sidebar shows icons alone. */
  narrow: boolean;
  /** Keys without Ctrl do something (WCAG 2.1.4 wants a way to turn that off). */
  keys: boolean;
  /** The availability that is promised, as a share; none is said. */
  objective: number | null;
  /** When people are at work; nobody has said. */
  opening: OpeningHours | null;
  /** So many tiles stood on the home page beside the first one the last time: so many places are kept, and nothing below them jumps. */
  tiles: number;
  /** Lists as somebody likes to see them, under names of their own. */
  views: readonly View[];
}

/** A list as it was asked for. */
export interface View {
  /** Whose it is: others at the same browser have their own. */
  who: string;
  path: string;
  name: string;
  search: string;
}

const KEPT = "vigie-settings";

function usual(): Chosen {
  const language = typeof document !== "undefined" && document.documentElement.lang === "fr" ? "fr" : "en";
  return { language, theme: "system", density: "compact", narrow: false, keys: true, objective: null, opening: null, tiles: 2, views: [] };
}

function read(): Chosen {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    const own = usual();
    return { ...own, ...(kept as Partial<Chosen>), language: own.language };
  } catch {
    return usual();
  }
}

export const settings: Chosen = $state(read());

/** Changes something and keeps it, where the browser lets us. */
export function choose(change: Partial<Omit<Chosen, "language">>): void {
  Object.assign(settings, change);
  try {
    localStorage.setItem(KEPT, JSON.stringify(settings));
  } catch {
    // A private window keeps nothing; the choice holds until it is closed.
  }
}

/** Puts the choices onto the document. */
export function dress(): void {
  const root = document.documentElement;
  root.dataset["density"] = settings.density;
  if (settings.theme === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = settings.theme;
}
