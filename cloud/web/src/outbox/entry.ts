// What does somebody decide that may have to wait for the line?

import type { Problem } from "../api/problem.ts";

export type Word = "acknowledge" | "unacknowledge" | "comment" | "assign" | "snooze" | "wake" | "resolve" | "photo";

/** A photo as it waits: what is sent, byte for byte. */
export interface Photo {
  content: ArrayBuffer;
  /** As in `image/jpeg`. */
  kind: string;
}

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
  /** Why it was refused, as the hub said it. */
  why?: string;
  /** The same with its code, so that it can be said in the reader's language. */
  problem?: Problem;
  /** How large its photo is, where it is one. */
  bytes?: number;
}

/** For how long the hub knows a key again is a day: after this it is not sent by itself any more. */
export const KNOWN_AGAIN_MS = 23 * 3_600_000;
/** What wants to be sent at once: more than anybody decides during a cut. */
export const MOST_WAITING = 200;
/** Photos that wait, all together: they go last, and over a thin line for long. */
export const MOST_WAITING_BYTES = 40_000_000;
/** How long what was sent is still listed here. */
export const SHOWN_MS = 3_600_000;

/** The body of its request: always the same, or the hub would take it for another one. */
export function bodyOf(entry: Entry): Record<string, string> {
  return { ...entry.says, happened_at: new Date(entry.doneAt).toISOString() };
}

/** Where it is sent. A photo is its own body, so that when it was shown stands in the address. */
export function pathOf({ incident, word, doneAt }: Entry): string {
  const at = `/api/v1/incidents/${encodeURIComponent(incident)}`;
  return word === "photo" ? `${at}/photos?happened_at=${encodeURIComponent(new Date(doneAt).toISOString())}` : `${at}/${word}`;
}

/** Under which name its photo lies. */
export const photoOf = (seq: number): string => `outbox ${seq}`;
