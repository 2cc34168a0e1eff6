// What was it before, and what is it after? Field by field, those alone that differ.
export interface Change {
  field: string;
  before: string | undefined;
  after: string | undefined;
}

export function changesOf(before: unknown, after: unknown): Change[] {
  const [old, young] = [flat(before), flat(after)];
  return [...new Set([...old.keys(), ...young.keys()])]
    .map((field) => ({ field, before: old.get(field), after: young.get(field) }))
    .filter((one) => one.before !== one.after);
}

/** Fields within fields under their whole name; a list is one text. */
function flat(value: unknown, under = "", into = new Map<string, string>()): Map<string, string> {
  if (value === null || value === undefined) return into;
  if (typeof value !== "object" || Array.isArray(value)) into.set(under, typeof value === "string" ? value : JSON.stringify(value));
  else for (const [name, own] of Object.entries(value)) flat(own, under ? `${under}.${name}` : name, into);
  return into;
}
