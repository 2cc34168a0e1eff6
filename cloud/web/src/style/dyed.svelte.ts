// When does a canvas have to be drawn anew because the reader's colours are others? It does not follow the style sheet: it is told.
import { dress, settings } from "../settings.svelte.ts";

let system = $state(0);
if (typeof matchMedia === "function") {
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) matchMedia(query).addEventListener("change", () => (system += 1));
}

/** To be called by what depends on colours: it is worked out again when these change, and finds the page in the new ones. */
export function dyed(): void {
  void [settings.theme, system];
  dress();
}
