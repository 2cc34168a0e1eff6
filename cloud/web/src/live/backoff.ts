// How long until the next try? From one second to thirty, and not everybody at once.

const FIRST_MS = 1000;
const MOST_MS = 30_000;

/** Milliseconds before try number `attempt`, from 1; `chance` is from 0 to 1. */
export function backoff(attempt: number, chance: number): number {
  return Math.min(MOST_MS, FIRST_MS * 2 ** (attempt - 1)) * (0.75 + chance / 2);
}
