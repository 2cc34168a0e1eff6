// What does a source call by a name of its own, and how often?
//
// A name that stands for two things in one file stands for nothing that is known: which of them is meant where is a compiler's to say.
import { childrenOf, isNode, nameOf, type Node } from "./tree.ts";

/** How often each name is given to something, but for what a function, a snippet or a list is given: that is seen from where it is used. */
export function declaredIn(tree: Node): ReadonlyMap<string, number> {
  const before = KNOWN.get(tree);
  if (before) return before;
  const counts = new Map<string, number>();
  const visit = (node: Node): void => {
    for (const name of declaredBy(node)) counts.set(name, (counts.get(name) ?? 0) + 1);
    childrenOf(node).forEach(visit);
  };
  visit(tree);
  KNOWN.set(tree, counts);
  return counts;
}

/** One tree is asked for each language, and again when it is built. */
const KNOWN = new WeakMap<Node, ReadonlyMap<string, number>>();

/** The names that one node gives. */
export function declaredBy(node: Node): string[] {
  switch (node.type) {
    case "VariableDeclarator":
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ClassDeclaration":
    case "ClassExpression":
      return namesIn(node["id"]);
    case "ImportSpecifier":
    case "ImportDefaultSpecifier":
    case "ImportNamespaceSpecifier":
      return namesIn(node["local"]);
    case "CatchClause":
      return namesIn(node["param"]);
    case "AwaitBlock":
      return [...namesIn(node["value"]), ...namesIn(node["error"])];
    case "EachBlock":
      return typeof node["index"] === "string" ? [node["index"]] : [];
    case "SnippetBlock":
      return namesIn(node["expression"]);
    default:
      return [];
  }
}

/** The names in a pattern as `name`, `{ of: name, ...rest }` and `[name = 1]`. */
export function namesIn(pattern: unknown): string[] {
  if (!isNode(pattern)) return [];
  switch (pattern.type) {
    case "Identifier":
      return [nameOf(pattern)];
    case "ObjectPattern":
      return (pattern["properties"] as Node[]).flatMap((one) => namesIn(one.type === "RestElement" ? one : one["value"]));
    case "ArrayPattern":
      return (pattern["elements"] as unknown[]).flatMap(namesIn);
    case "AssignmentPattern":
      return namesIn(pattern["left"]);
    case "RestElement":
      return namesIn(pattern["argument"]);
    default:
      return [];
  }
}
