// What did somebody else change meanwhile? Leaf by leaf, in the words of the API.

export interface Difference {
  path: string;
  before: string;
  now: string;
}

type Leaves = Map<string, string>;

/** The leaves in which two values differ, in order. */
export function differences(before: unknown, now: unknown): Difference[] {
  const [a, b] = [leaves(before), leaves(now)];
  const paths = [...new Set([...a.keys(), ...b.keys()])];
  return paths.filter((path) => a.get(path) !== b.get(path)).map((path) => ({ path, before: a.get(path) ?? "–", now: b.get(path) ?? "–" }));
}

function leaves(value: unknown, path = "", found: Leaves = new Map()): Leaves {
  if (Array.isArray(value) && value.every((one) => typeof one !== "object" || one === null)) {
    found.set(path, value.length ? value.map(String).join(", ") : "–");
  } else if (Array.isArray(value)) {
    value.forEach((one, at) => leaves(one, path ? `${path} ${at + 1}` : String(at + 1), found));
  } else if (value !== null && typeof value === "object") {
    for (const [name, one] of Object.entries(value)) leaves(one, path ? `${path} ${name}` : name, found);
  } else if (value !== undefined && value !== null && value !== "") {
    found.set(path, String(value));
  }
  return found;
}
