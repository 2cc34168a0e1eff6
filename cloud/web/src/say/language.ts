// How does somebody come to read the pages in the other language?
//
// The hub hands them out in one: in that which the browser asks for, or that which was chosen, here or on its pages without a
// script. So it is told, and asked again.
import type { Language } from "../settings.svelte.ts";

/** Loads this page anew in that language. False where the hub could not be told: then nothing changes. */
export async function speak(language: Language): Promise<boolean> {
  try {
    // Of the colours of the pages without a script nothing is said: they stay.
    const body = new URLSearchParams({ lang: language });
    const { type } = await fetch("/look", { method: "POST", body, redirect: "manual" });
    // It leads on to a page, which is not gone to.
    if (type !== "opaqueredirect") return false;
  } catch {
    return false;
  }
  location.reload();
  return true;
}
