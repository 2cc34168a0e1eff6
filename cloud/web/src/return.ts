// Where was somebody when they had to sign in again? Kept for this tab alone, and only paths of ours.
import { find } from "./route.ts";

const KEPT = "vigie-return";

/** Notes the place. */
export function leave(): void {
  sessionStorage.setItem(KEPT, location.pathname + location.search);
}

/** The place that was noted, once: who signs in comes to the first page, and goes on from there. */
export function comeBack(): string | undefined {
  const path = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  if (!path || location.pathname !== "/") return undefined;
  return find(path.split("?")[0] ?? "") ? path : undefined;
}
