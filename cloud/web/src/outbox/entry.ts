// What does somebody decide that may have to wait for the line?

export type Word = "acknowledge" | "unacknowledge" | "comment" | "assign" | "snooze" | "wake" | "resolve";

/** What can be said with a decision. */
export interface Says {
  text?: string;
  minutes?: string;
}

/**
 * waiting: here alone, or on its way; sent: the hub said that it is durable there; refused: the hub said no;
 * unsure: it was sent and nothing was heard for so long that the hub would not know it again.
 */
export type State = "waiting" | "sent" | "refused" | "unsure";

export interface Entry {
  /** In this order they are sent. */
  seq: number;
  /** By it the hub does it once, however often it is sent. */
  key: string;
  /** Whose it is. */
  who: string;
  incident: string;
  /** What the incident is, in words, for when it can not be asked. */
  about: string;
  word: Word;
  says: Says;
  /** When somebody did it, by the hub's clock as far as it was known. */
  doneAt: number;
  state: State;
  /** When it was first sent. */
  triedAt?: number;
  sentAt?: number;
  /** Why it was refused. */
  why?: string;
}

/** For how long the hub knows a key again is a day: after this it is not sent by itself any more. */
export const KNOWN_AGAIN_MS = 23 * 3_600_000;
/** What wants to be sent at once: more than anybody decides during a cut. */
export const MOST_WAITING = 200;
/** How long what was sent is still listed here. */
export const SHOWN_MS = 3_600_000;

/** The body of its request: always the same, or the hub would take it for another one. */
export function bodyOf(entry: Entry): Record<string, string> {
  return { ...entry.says, happened_at: new Date(entry.doneAt).toISOString() };
}

export const pathOf = (entry: Entry): string => `/api/v1/incidents/${encodeURIComponent(entry.incident)}/${entry.word}`;
