// How do sources that say everything in two languages become pages in one of them?
//
// The pages are built once for each language, and whoever reads one loads no word of the other. Sentences are put where they are
// said, so that most of them are plain text of a template; what is chosen only while the page runs stays in the dictionary.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "svelte/compiler";
import { parseSync, type Plugin } from "vite";
import { keysOf, leavesOf } from "./keys.ts";
import { declaredIn } from "./names.ts";
import { allOf, childrenOf, isNode, nameOf, plain, wordsOf, type Node, type Phrase } from "./tree.ts";

export const LANGUAGES = ["en", "fr"] as const;
export type Language = (typeof LANGUAGES)[number];

/** What sentences with places are put together by, under a name that no source has. */
const FILL = "fillIn";
const FULL_OF_SPACE = /^[ \t\r\n]|[ \t\r\n]$|[ \t\r\n]{2}/;
/** Shorter ones may stand in both languages by chance. */
const TELLING = 16;

interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Words that are said by one name, as `say`. */
interface Dictionary {
  declarator: Node;
  call: Node;
  words: ReadonlyMap<string, Phrase>;
  /** Those that are chosen while the page runs, or by another module. */
  chosen: Set<string>;
  /** Each of them is written out, so that those that nobody chooses may go. */
  isWhole: boolean;
}

export function treeOf(source: string, isSvelte: boolean): Node {
  if (isSvelte) return parse(source, { modern: true }) as unknown as Node;
  const { program, errors } = parseSync("source.ts", source, { lang: "ts" });
  if (errors[0]) throw new Error(errors[0].message);
  return program as unknown as Node;
}

/** What another module has under a name. */
export type Elsewhere = (from: string, name: string) => Node | undefined;

/** The source with the words of one language alone. */
export function inOneLanguage(source: string, tree: Node, language: Language, elsewhere: Elsewhere = () => undefined): string {
  const edits: Edit[] = [];
  const given = declaredIn(tree);
  const { dictionaries, constants } = dictionariesOf(tree, language, given);
  if (dictionaries.size) for (const { from, name, local } of importsOf(tree)) if (given.get(local) === 1) constants.set(local, elsewhere(from, name));
  let fills = false;

  const visit = (node: Node, above: readonly Node[]): void => {
    const said = node.type === "CallExpression" ? dictionaries.get(nameOf(node["callee"])) : undefined;
    if (said && putInPlace(node, said, above, edits) === "filled") fills = true;
    const of = node.type === "Identifier" ? dictionaries.get(nameOf(node)) : undefined;
    for (const key of of ? takenOf(node, above, of, constants) : []) of?.chosen.add(key);
    if (isLanguage(node)) edits.push({ start: node.start, end: node.end, text: JSON.stringify(language) });
    for (const child of childrenOf(node)) visit(child, [node, ...above]);
  };
  visit(tree, []);

  for (const one of dictionaries.values()) edits.push(...declared(one, source, language));
  const stays = [...dictionaries.values()].some(({ chosen }) => chosen.size);
  if (dictionaries.size) edits.push(...imported(tree, stays, fills));
  return edited(source, edits);
}

/** All sentences of one language. */
const sentencesOf = (tree: Node, language: Language): string[] => [...dictionariesOf(tree, language, declaredIn(tree)).dictionaries.values()].flatMap(({ words }) => [...words.values()].flat());

interface Found {
  dictionaries: Map<string, Dictionary>;
  /** What names stand for, where one name stands for one thing that nothing takes the place of. */
  constants: Map<string, Node | undefined>;
}

function dictionariesOf(tree: Node, language: Language, declared: ReadonlyMap<string, number>): Found {
  const found = new Map<string, Dictionary>();
  const constants = new Map<string, Node | undefined>();
  const visit = (node: Node, exported: boolean, isConst: boolean): void => {
    if (node.type === "VariableDeclarator" && isNode(node["init"])) {
      const init = plain(node["init"]);
      const name = nameOf(node["id"]);
      constants.set(name, isConst && declared.get(name) === 1 ? init : undefined);
      if (init.type === "CallExpression" && nameOf(init["callee"]) === "words") {
        const args = init["arguments"] as Node[];
        const own = plain(args[LANGUAGES.indexOf(language)] as Node);
        const written = own.type === "Identifier" ? (constants.get(nameOf(own)) ?? own) : own;
        const words = wordsOf(written);
        const isWhole = words.size === (written["properties"] as Node[] | undefined)?.length;
        if (declared.get(name) !== 1) throw new Error(`a dictionary is called ${name}, and so is something else`);
        found.set(name, { declarator: node, call: init, words, chosen: new Set(exported ? words.keys() : []), isWhole });
      }
    }
    for (const child of childrenOf(node)) visit(child, exported || node.type === "ExportNamedDeclaration", node["kind"] === "const");
  };
  visit(tree, false, false);
  return { dictionaries: found, constants };
}

/** Puts what a call says in its place, if that is known now. */
function putInPlace(call: Node, { words }: Dictionary, above: readonly Node[], edits: Edit[]): "plain" | "filled" | "chosen" {
  const [key, ...places] = call["arguments"] as Node[];
  const leaves = key && leavesOf(key);
  const phrases = leaves?.map((leaf) => words.get(leaf["value"] as string));
  if (!key || !leaves || !phrases?.every((phrase) => phrase !== undefined)) return "chosen";
  const callee = call["callee"] as Node;
  const put = () => leaves.forEach((leaf, at) => edits.push({ start: leaf.start, end: leaf.end, text: JSON.stringify(phrases[at]) }));
  if (places.length) {
    edits.push({ start: callee.start, end: callee.end, text: FILL });
    put();
    return "filled";
  }
  const [only] = phrases;
  const tag = leaves[0] === key && typeof only === "string" ? inMarkup(above, only) : undefined;
  if (tag) edits.push(tag);
  else {
    edits.push({ start: callee.start, end: callee.end, text: "" });
    put();
  }
  return "plain";
}

/** The text itself in a template, where nothing but it stands between the braces. */
function inMarkup([tag, holder]: readonly Node[], text: string): Edit | undefined {
  if (tag?.type !== "ExpressionTag" || FULL_OF_SPACE.test(text)) return undefined;
  const escaped = text.replace(/[&<{}"]/g, (one) => `&#${one.charCodeAt(0)};`);
  const { start, end } = tag;
  if (holder?.type === "Fragment") return { start, end, text: escaped };
  if (holder?.type !== "Attribute") return undefined;
  return { start, end, text: Array.isArray(holder["value"]) ? escaped : `"${escaped}"` };
}

function importsOf(tree: Node): { from: string; name: string; local: string }[] {
  const isLists = (one: Node) => one.type === "ImportDeclaration" && String((one["source"] as Node)["value"]).startsWith(".");
  return allOf(tree, isLists).flatMap((one) =>
    (one["specifiers"] as Node[]).map((as) => ({ from: String((one["source"] as Node)["value"]), name: nameOf(as["imported"]), local: nameOf(as["local"]) })),
  );
}

/** Which words a use of the name takes while the page runs. */
function takenOf(name: Node, above: readonly Node[], { declarator, words }: Dictionary, constants: Found["constants"]): Iterable<string> {
  const [parent] = above;
  if (!parent || parent === declarator) return [];
  const isKey = (parent.type === "MemberExpression" && parent["property"] === name) || (parent.type === "Property" && parent["key"] === name && parent["shorthand"] !== true);
  if (isKey && parent["computed"] !== true) return [];
  const [key] = parent.type === "CallExpression" && parent["callee"] === name ? (parent["arguments"] as Node[]) : [];
  if (!key) return words.keys();
  // What is known now is put in its place.
  if (leavesOf(key)?.every((leaf) => words.has(leaf["value"] as string))) return [];
  return keysOf(key, above, [...words.keys()], constants);
}

/** What becomes of the dictionary: the other language goes, and all of it where nothing is chosen from it. */
function declared({ declarator, call, words, chosen, isWhole }: Dictionary, source: string, language: Language): Edit[] {
  const [english, french] = call["arguments"] as [Node, Node];
  if (!chosen.size) {
    // The statement around it: nothing else is ever declared with a dictionary.
    const start = source.lastIndexOf("const", declarator.start);
    return [{ start, end: declarator.end, text: "" }];
  }
  if (isWhole) {
    const left = JSON.stringify(Object.fromEntries([...words].filter(([key]) => chosen.has(key))));
    return [{ start: english.start, end: french.end, text: language === "en" ? left : `0, ${left}` }];
  }
  return [language === "en" ? { start: english.end, end: french.end, text: "" } : { start: english.start, end: english.end, text: "0" }];
}

function imported(tree: Node, stays: boolean, fills: boolean): Edit[] {
  const text = [stays && "words", fills && `fill as ${FILL}`].filter(Boolean).join(", ") || "words";
  const named = allOf(tree, (node) => node.type === "ImportSpecifier" && nameOf(node["imported"]) === "words");
  return named.map(({ start, end }) => ({ start, end, text }));
}

/** `settings.language`, which a page of one language knows. */
function isLanguage(node: Node): boolean {
  return node.type === "MemberExpression" && node["computed"] !== true && nameOf(node["object"]) === "settings" && nameOf(node["property"]) === "language";
}

function edited(source: string, edits: readonly Edit[]): string {
  const inTurn = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  let [out, at] = ["", 0];
  for (const { start, end, text } of inTurn) {
    // What stands in a dictionary that goes, goes with it.
    if (start < at) continue;
    out += source.slice(at, start) + text;
    at = end;
  }
  return out + source.slice(at);
}

/** A constant that a module gives to others. */
export function constantOf(tree: Node, name: string): Node | undefined {
  const given = allOf(tree, (node) => node.type === "ExportNamedDeclaration").map((node) => node["declaration"]);
  const constants = given.filter(isNode).filter((node) => node["kind"] === "const").flatMap((node) => node["declarations"] as Node[]);
  const found = constants.find((one) => nameOf(one["id"]) === name && isNode(one["init"]));
  return found && plain(found["init"] as Node);
}

/** Builds the pages in one language. */
export function oneLanguage(language: Language): Plugin {
  const [own, others] = [new Set<string>(), new Set<string>()];
  return {
    name: "one-language",
    enforce: "pre",
    transform(source, id) {
      const [path = ""] = id.split("?");
      if (path !== id || !/\/src\/.*\.(svelte|ts)$/.test(path)) return null;
      const tree = treeOf(source, path.endsWith(".svelte"));
      const elsewhere: Elsewhere = (from, name) => (from.endsWith(".svelte") ? undefined : constantOf(treeOf(readFileSync(join(dirname(path), from), "utf8"), false), name));
      for (const one of LANGUAGES) for (const sentence of sentencesOf(tree, one)) (one === language ? own : others).add(sentence);
      return { code: inOneLanguage(source, tree, language, elsewhere), map: null };
    },
    transformIndexHtml(html) {
      const said = html.replace('lang="en"', `lang="${language}"`);
      return language === "en" ? said : said.replace("/manifest.webmanifest", `/manifest.${language}.webmanifest`);
    },
    generateBundle(_, bundle) {
      const foreign = [...others].filter((phrase) => phrase.length >= TELLING && !own.has(phrase));
      for (const [name, file] of Object.entries(bundle)) {
        const found = file.type === "chunk" && foreign.find((phrase) => file.code.includes(phrase));
        if (found) this.error(`${name} is in ${language} and says "${found}"`);
      }
    },
  };
}
