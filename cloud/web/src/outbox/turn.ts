// One at a time sends, of all pages and the service worker: two would send the same twice, and out of order.

const own: Record<string, Promise<unknown>> = {};

/** Does it when nobody else does of its kind. Where the browser has no locks (plain HTTP) each page takes its own turns alone. */
export function inTurn<T>(work: () => Promise<T>, kind: "words" | "photos" = "words"): Promise<T> {
  if (typeof navigator !== "undefined" && "locks" in navigator) {
    return navigator.locks.request(`vigie-outbox-${kind}`, work) as Promise<T>;
  }
  const mine = (own[kind] ?? Promise.resolve()).then(work);
  own[kind] = mine.catch(() => undefined);
  return mine;
}
