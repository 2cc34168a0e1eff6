// How sure is the page of what it shows: live, late, or a copy?

export type Truth = "wait" | "live" | "late" | "copy";

export interface Sight {
  /** Whether the stream of events stands. */
  open: boolean;
  /** Milliseconds since anything came from the hub; none when nothing ever did. */
  silentMs: number | undefined;
  lateAfterMs: number;
  /** What is shown is what an earlier page saw. */
  copied: boolean;
}

/** What is not watched over is a copy, however new: only an open stream that was heard just now is live. */
export function truthOf({ open, silentMs, lateAfterMs, copied }: Sight): Truth {
  if (copied) return "copy";
  if (silentMs === undefined) return "wait";
  if (!open) return "copy";
  return silentMs > lateAfterMs ? "late" : "live";
}

/** A second's stumble of the line is not yet worth taking the colours away. */
export const BLIND_AFTER_MS = 25_000;
