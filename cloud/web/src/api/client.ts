// How is the hub asked?
//
// An answer that did not change is not sent again. A write bears a key of its own and is sent once more when its answer was
// lost: the hub does it once. Each answer tells the hub's time.
import { hubClock } from "../live/now.svelte.ts";
import { link } from "../live/link.svelte.ts";
import { remember } from "../kept/kept.ts";
import { onceKey } from "./once.ts";
import { allOf, type Paged } from "./pages.ts";
import { OutOfReach, problemOf, Refused } from "./problem.ts";
import { Unsure } from "./unsure.ts";

const TIMEOUT_MS = 20_000;
/** Answers that are kept, to be shown at once when somebody comes back to a page. */
const KEPT = 60;

export interface Answer<T> {
  body: T;
  /** When the hub gave or confirmed it, at the hub. */
  at: number;
  /** What `If-Match` takes, where it is of something that people change. */
  etag?: string;
}

const unsure = new Unsure(onceKey);

const kept = new Map<string, Answer<unknown> & { etag: string }>();

/** What was answered the last time, if it is still here. */
export function copyOf<T>(path: string): Answer<T> | undefined {
  return kept.get(path) as Answer<T> | undefined;
}

const EARLY_MS = 5000;
/** What was asked for before anybody wanted it. */
const early = new Map<string, Promise<Answer<unknown>>>();

/** Asks for what a page will want while its code is still on its way; who wants it then gets this answer. */
export function ahead(path: string): void {
  const asked = get(path);
  early.set(path, asked);
  // Who wants it hears what went wrong. What nobody wanted by then is not what is so later.
  const forget = () => void setTimeout(() => early.delete(path), EARLY_MS);
  asked.then(forget, forget);
}

/** Asks for a list that comes a page at a time, all of it. Of several pages none is kept: a part says nothing of the whole. */
export async function getAll<T extends Paged>(path: string, join: (one: T, next: T) => T, signal?: AbortSignal): Promise<Answer<T>> {
  let first: Answer<T> | undefined;
  const page = async (path: string) => {
    const answer = await get<T>(path, signal, (body) => first === undefined && body.next_cursor === null);
    first ??= answer;
    return answer.body;
  };
  const body = await allOf(path, page, join);
  return { body, at: first?.at ?? hubClock.now() };
}

/** Asks for something; `keeps` says of an answer whether it is to be shown again later. */
export async function get<T>(path: string, signal?: AbortSignal, keeps: (body: T) => boolean = () => true): Promise<Answer<T>> {
  const asked = early.get(path);
  if (asked) {
    early.delete(path);
    return asked as Promise<Answer<T>>;
  }
  const old = kept.get(path);
  const response = await ask(path, { headers: old ? { "if-none-match": old.etag } : {} }, signal);
  const at = hubClock.now();
  if (response.status === 304 && old) {
    old.at = at;
    keepCopy(path, () => JSON.stringify(old.body), at);
    return old as unknown as Answer<T>;
  }
  const { body, text } = await bodyOf<T>(response);
  const etag = response.headers.get("etag");
  kept.delete(path);
  if (!keeps(body)) return { body, at };
  keepCopy(path, () => text, at);
  if (etag) {
    if (kept.size >= KEPT) kept.delete(kept.keys().next().value ?? "");
    kept.set(path, { etag, body, at });
  }
  return etag ? { body, at, etag } : { body, at };
}

/**
 * Has something done. `match` is the ETag that was seen, where somebody else may have changed it meanwhile; `once` a key that is
 * kept by who asks, so that what they ask for again later is still done once.
 */
export async function send<T>(
  method: "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
  { match, once }: { match?: string; once?: string } = {},
): Promise<T> {
  const text = JSON.stringify(body ?? {});
  // Who presses again after no answer came means the same one.
  const write = `${method} ${path} ${match ?? ""} ${text}`;
  const key = once ?? unsure.keyOf(write, performance.now());
  const headers: Record<string, string> = { "content-type": "application/json", "idempotency-key": key };
  if (match) headers["if-match"] = match;
  const request: RequestInit = { method, headers, body: text };
  let response: Response;
  try {
    response = await ask(path, request);
  } catch (error) {
    if (!(error instanceof OutOfReach)) throw error;
    response = await ask(path, request);
  }
  unsure.answered(write);
  return (await bodyOf<T>(response)).body;
}

/** Hands in a file, for as long as that takes. Not sent again by itself: what it brought the hub knows by its content. */
export async function sendFile<T>(path: string, file: Blob): Promise<T> {
  const request = { method: "POST", headers: { "content-type": "application/octet-stream" }, body: file };
  return (await bodyOf<T>(await ask(path, request, undefined, false))).body;
}

async function ask(path: string, request: RequestInit, signal?: AbortSignal, patient = true): Promise<Response> {
  const asked = performance.now();
  const patience = patient ? [AbortSignal.timeout(TIMEOUT_MS)] : [];
  let response: Response;
  try {
    const until = AbortSignal.any(signal ? [signal, ...patience] : patience);
    response = await fetch(path, { ...request, cache: "no-store", signal: until });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new OutOfReach(String(error));
  }
  const answered = performance.now();
  hubClock.learn(Date.parse(response.headers.get("vigie-now") ?? ""), asked, answered);
  link.answeredAt = hubClock.now();
  link.roundTrip = answered - asked;
  return response;
}

/** What was answered, and the same as it was sent. */
async function bodyOf<T>(response: Response): Promise<{ body: T; text: string }> {
  const text = await response.text().catch(() => "");
  const body = parsed(text);
  if (!response.ok) throw new Refused(problemOf(response.status, body));
  return { body: body as T, text };
}

function parsed(text: string): unknown {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** That it could not be kept is no reason not to show it. */
function keepCopy(path: string, text: () => string, at: number): void {
  remember(path, text, at).catch(() => undefined);
}
