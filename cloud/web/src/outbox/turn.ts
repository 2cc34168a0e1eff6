// One at a time sends, of all pages and the service worker: two would send the same twice, and out of order.

let own: Promise<unknown> = Promise.resolve();

/** Does it when nobody else does. Where the browser has no locks (plain HTTP) each page takes its own turns alone. */
export function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (typeof navigator !== "undefined" && "locks" in navigator) {
    return navigator.locks.request("vigie-outbox", work) as Promise<T>;
  }
  const mine = own.then(work);
  own = mine.catch(() => undefined);
  return mine;
}
