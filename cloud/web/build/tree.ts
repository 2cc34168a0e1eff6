// What stands in a source, as the compilers of Svelte and of TypeScript both tell it?

export interface Node {
  type: string;
  start: number;
  end: number;
  [part: string]: unknown;
}

/** A sentence, or one for one and one for many. */
export type Phrase = string | string[];

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string" && typeof (value as Node).start === "number";

/** Ways on that lead to no other node, or back. */
const ASIDE = new Set(["parent", "metadata", "loc", "comments", "leadingComments", "trailingComments", "typeAnnotation", "typeParameters", "returnType", "typeArguments"]);

export function childrenOf(node: Node): Node[] {
  const parts = Object.entries(node).filter(([part]) => !ASIDE.has(part));
  return parts.flatMap(([, value]) => (Array.isArray(value) ? value : [value])).filter(isNodeOrRoot);
}

/** All that are so, in the order of the source. */
export function allOf(node: Node, isSo: (node: Node) => boolean): Node[] {
  return [...(isSo(node) ? [node] : []), ...childrenOf(node).flatMap((child) => allOf(child, isSo))];
}

/** The root of a Svelte file has parts that stand nowhere by themselves. */
const isNodeOrRoot = (value: unknown): value is Node => isNode(value) || (typeof value === "object" && value !== null && (value as Node).type === "Fragment");

export const nameOf = (node: unknown): string => (isNode(node) && node.type === "Identifier" ? String(node["name"]) : "");

/** Without what TypeScript says of it. */
export function plain(node: Node): Node {
  const inner = node["expression"];
  return /^TS(As|Satisfies|NonNull)Expression$/.test(node.type) && isNode(inner) ? plain(inner) : node;
}

/** The sentences of a dictionary that are written out. */
export function wordsOf(dictionary: Node): Map<string, Phrase> {
  const words = new Map<string, Phrase>();
  for (const property of (dictionary["properties"] as Node[] | undefined) ?? []) {
    const key = property["key"];
    const phrase = isNode(property["value"]) ? phraseOf(property["value"]) : undefined;
    const name = nameOf(key) || (isNode(key) ? textOf(key) : undefined);
    if (name !== undefined && phrase !== undefined) words.set(name, phrase);
  }
  return words;
}

function phraseOf(node: Node): Phrase | undefined {
  if (node.type !== "ArrayExpression") return textOf(node);
  const each = (node["elements"] as Node[]).map(textOf);
  return each.every((one) => one !== undefined) ? each : undefined;
}

const textOf = (node: Node): string | undefined => (node.type === "Literal" && typeof node["value"] === "string" ? node["value"] : undefined);
