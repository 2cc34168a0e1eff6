// What did another app hand over to be noted?

/** As much as one note takes. */
export const MOST_CHARACTERS = 2000;

/** What was shared as one text: what stands in another part already is not said twice, as phones do with addresses. */
export function sharedText(asked: URLSearchParams): string {
  const parts = ["title", "text", "url"].map((part) => asked.get(part)?.trim() ?? "");
  const [title = "", text = "", url = ""] = parts;
  const told = [title, text, url].filter((part, at, all) => part && !all.some((other, place) => place !== at && other.includes(part) && (other !== part || place < at)));
  return told.join("\n");
}
