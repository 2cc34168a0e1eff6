// Which words may be meant where a page chooses one while it runs?
import { declaredBy, namesIn } from "./names.ts";
import { allOf, isNode, nameOf, plain, type Node } from "./tree.ts";

/** The keys that it is, where they stand in the source; nothing if that is not all. */
export function leavesOf(key: Node): Node[] | undefined {
  if (key.type === "Literal" && typeof key["value"] === "string") return [key];
  if (key.type !== "ConditionalExpression") return undefined;
  const [yes, no] = [leavesOf(key["consequent"] as Node), leavesOf(key["alternate"] as Node)];
  return yes && no && [...yes, ...no];
}

/** Those that it may be, of all that there are: rather too many than one too few. */
export function keysOf(key: Node, above: readonly Node[], all: readonly string[], constants: ReadonlyMap<string, Node | undefined>): readonly string[] {
  const within = (node: unknown) => keysOf(plain(node as Node), above, all, constants);
  switch (key.type) {
    case "Literal":
      return [String(key["value"])];
    case "ConditionalExpression":
      return [...within(key["consequent"]), ...within(key["alternate"])];
    case "TemplateLiteral": {
      const said = (key["quasis"] as { value: { cooked: string } }[]).map(({ value }) => value.cooked);
      return all.filter((one) => one.startsWith(said[0] ?? "") && one.endsWith(said.at(-1) ?? ""));
    }
    case "Identifier": {
      const name = nameOf(key);
      if (bindingOf(name, above) >= 0) return membersOf(name, above, constants) ?? all;
      const leaves = leavesOf(constants.get(name) ?? key);
      return leaves ? leaves.map((leaf) => String(leaf["value"])) : all;
    }
    default:
      return all;
  }
}

/** What a name goes through in `{#each ["one", "other"] as name}`, and in `["one", "other"].map((name) => …)`. */
function membersOf(name: string, above: readonly Node[], constants: ReadonlyMap<string, Node | undefined>): string[] | undefined {
  const at = bindingOf(name, above);
  const given = above[at] && listOf(above[at], above[at + 1], name);
  // Within what is given it, the name may be given anew to something else.
  if (!given || allOf(above[at]!, (node) => declaredBy(node).includes(name)).length) return undefined;
  const through = unsifted(plain(given));
  const called = nameOf(through);
  const list = called && bindingOf(called, above.slice(at + 1)) < 0 ? constants.get(called) : through;
  if (list?.type !== "ArrayExpression") return undefined;
  const members = (list["elements"] as unknown[]).map((one) => (isNode(one) && one.type === "Literal" && typeof one["value"] === "string" ? one["value"] : undefined));
  return members.every((one) => one !== undefined) ? members : undefined;
}

/** The next function, snippet or list around that names something it is given so; -1 where none does. */
function bindingOf(name: string, above: readonly Node[]): number {
  return above.findIndex((node) => bindings(node).flatMap(namesIn).includes(name));
}

/** The list whose members a binding is given one by one under that name. */
function listOf(binding: Node, around: Node | undefined, name: string): Node | undefined {
  if (binding.type === "EachBlock") return nameOf(binding["context"]) === name ? (binding["expression"] as Node) : undefined;
  const callee = around?.type === "CallExpression" && around["callee"] !== binding ? (around["callee"] as Node) : undefined;
  const isEach = callee?.type === "MemberExpression" && ["map", "flatMap", "forEach"].includes(nameOf(callee["property"]));
  return isEach && nameOf((binding["params"] as Node[])[0]) === name ? plain(unwrapped(callee["object"] as Node)) : undefined;
}

/** Without the parentheses, which one of the two compilers keeps. */
const unwrapped = (node: Node): Node => (node.type === "ParenthesizedExpression" ? (node["expression"] as Node) : node);

/** Where a function, a snippet or a list names what it is given. */
function bindings(node: Node): Node[] {
  return [node["params"], node["parameters"], node["context"]].flat().filter(isNode);
}

/** What a list has of another one is among that one's. */
function unsifted(list: Node): Node {
  const callee = list.type === "CallExpression" ? (list["callee"] as Node) : undefined;
  return callee?.type === "MemberExpression" && nameOf(callee["property"]) === "filter" ? plain(callee["object"] as Node) : list;
}
