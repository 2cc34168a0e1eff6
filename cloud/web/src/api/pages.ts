// How does a list that comes a page at a time become one?

/** What says whether more comes. */
export interface Paged {
  /** What to ask for as `cursor` to go on; none on the last page. */
  next_cursor: string | null;
}

/** All of a list, its pages asked for one after the other; `join` makes one of what is there and what follows. */
export async function allOf<T extends Paged>(path: string, ask: (path: string) => Promise<T>, join: (one: T, next: T) => T): Promise<T> {
  let all = await ask(path);
  while (all.next_cursor !== null) {
    const next = await ask(`${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(all.next_cursor)}`);
    all = { ...join(all, next), next_cursor: next.next_cursor };
  }
  return all;
}
