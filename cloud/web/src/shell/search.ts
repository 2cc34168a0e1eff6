// What fits what somebody types into the palette? Pure, so that it can be quick over ten thousand names.

export interface Hit {
  kind: "page" | "machine" | "site" | "incident" | "filter";
  title: string;
  more: string;
  href: string;
}

/** How well a title fits: its beginning before a word's beginning before anywhere; 0 for not at all. */
export function fit(title: string, typed: string): number {
  const at = title.toLowerCase().indexOf(typed);
  if (at < 0) return 0;
  if (at === 0) return 3;
  return /[\s\-_/.]/.test(title[at - 1] ?? "") ? 2 : 1;
}

/** The best of them, at most so many, in the order they came among equals. */
export function best(hits: readonly Hit[], typed: string, most: number): Hit[] {
  const wanted = typed.trim().toLowerCase();
  if (!wanted) return hits.slice(0, most);
  const rated = hits.map((hit) => ({ hit, fit: fit(hit.title, wanted) })).filter((one) => one.fit > 0);
  rated.sort((a, b) => b.fit - a.fit);
  return rated.slice(0, most).map((one) => one.hit);
}
