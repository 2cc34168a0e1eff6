// How does one decision get to the hub, from a page or from the service worker, and what is made of the answer?
import { problemOf } from "../api/problem.ts";
import { bodyOf, pathOf, type Entry, type Photo } from "./entry.ts";
import type { Heard } from "./box.ts";

const TIMEOUT_MS = 20_000;
/** As long as a hub takes a photo in: 64 kbit/s carry what a page sends in less than a minute. */
const PHOTO_TIMEOUT_MS = 300_000;

/** What says that nothing was decided yet, and that it may be later: to sign in again, to wait, or that it is under way. */
const LATER = [401, 408, 425, 429, 502, 503, 504];

export async function post(entry: Entry, photo?: Photo): Promise<Heard> {
  if (entry.word === "photo" && !photo) return { kind: "refused", why: "this browser has let go of the photo: take it again" };
  let response: Response;
  try {
    response = await fetch(pathOf(entry), {
      method: "POST",
      headers: { "content-type": photo?.kind ?? "application/json", "idempotency-key": entry.key },
      body: photo?.content ?? JSON.stringify(bodyOf(entry)),
      cache: "no-store",
      signal: AbortSignal.timeout(photo ? PHOTO_TIMEOUT_MS : TIMEOUT_MS),
    });
  } catch {
    return { kind: "later" };
  }
  const body: unknown = await response.json().catch(() => undefined);
  return heardOf(response.status, response.ok, body);
}

export function heardOf(status: number, ok: boolean, body: unknown): Heard {
  if (ok) return { kind: "done" };
  const problem = problemOf(status, body);
  if (LATER.includes(status) || problem.retry_after_seconds !== undefined) return { kind: "later" };
  return { kind: "refused", why: [problem.detail, problem.next].filter(Boolean).join(". "), problem };
}
