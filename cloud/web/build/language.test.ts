import { expect, test } from "vitest";
import { constantOf, inOneLanguage, treeOf, type Language } from "./language.ts";
import { allOf } from "./tree.ts";

const svelte = (source: string, language: Language = "fr") => inOneLanguage(source, treeOf(source, true), language);
const script = (source: string, language: Language = "fr") => inOneLanguage(source, treeOf(source, false), language);
const words = (english: string, french: string) => `import { words } from "../say/words.ts";\nconst say = words(${english}, ${french});\n`;

test("what stands alone in a template becomes its text, and nothing is left of the dictionary", () => {
  const source = `<script lang="ts">\n${words(`{ a: "Open & shut" }`, `{ a: "Ouvert & {clos}" }`)}</script>\n<p title={say("a")} aria-label="x {say("a")}">{say("a")}</p>`;
  const built = svelte(source);
  expect(built).toContain(`<p title="Ouvert &#38; &#123;clos&#125;" aria-label="x Ouvert &#38; &#123;clos&#125;">Ouvert &#38; &#123;clos&#125;</p>`);
  expect(built).not.toMatch(/Open|words\(/);
  expect(svelte(source, "en")).toContain(`<p title="Open &#38; shut"`);
});

test("a sentence with places is put together where it is said, numbers and plurals too", () => {
  const built = script(`${words(`{ n: ["{n} row", "{n} rows"] }`, `{ n: ["{n} ligne", "{n} lignes"] }`)}export const said = say("n", { n: 2 });`);
  expect(built).toContain(`import { fill as fillIn } from`);
  expect(built).toContain(`said = fillIn(["{n} ligne","{n} lignes"], { n: 2 });`);
  expect(built).not.toContain("const say");
});

test("of two that are known the page chooses, and each is at hand", () => {
  const built = script(`${words(`{ a: "Yes", b: "No" }`, `{ a: "Oui", b: "Non" }`)}export const said = (is: boolean) => say(is ? "a" : "b");`);
  expect(built).toContain(`=> (is ? "Oui" : "Non");`);
});

test("what is chosen while the page runs, or by another module, stays in a dictionary of one language", () => {
  const chosen = script(`${words(`{ a: "Yes", b: "No" }`, `{ a: "Oui", b: "Non" }`)}export const said = (key: "a" | "b") => say(key) + say("a");`);
  expect(chosen).toContain(`words(0, {"a":"Oui","b":"Non"})`);
  expect(chosen).toContain(`say(key) + ("Oui")`);
  const shared = script(`import { words } from "./words.ts";\nexport const say = words({ a: "Yes" }, { a: "Oui" });`, "en");
  expect(shared).toContain(`export const say = words({"a":"Yes"});`);
});

test("of a dictionary stays what may be chosen, as far as the source tells", () => {
  const some = svelte(`<script lang="ts">\n${words(`{ a: "A", b: "B", c: "C", k_d: "D", k_e: "E" }`, `{ a: "Un", b: "Deux", c: "Trois", k_d: "Quatre", k_e: "Cinq" }`)}</script>\n{say("a")}{#each ["a", "b"] as const as one (one)}{say(one)}{say(\`k_\${one}\`)}{/each}`);
  expect(some).toContain(`words(0, {"a":"Un","b":"Deux","k_d":"Quatre","k_e":"Cinq"})`);
  const kinds = `<script lang="ts">\n${words(`{ a: "A", b: "B", c: "C" }`, `{ a: "Un", b: "Deux", c: "Trois" }`)}import { KINDS } from "./b.ts";</script>\n{#each KINDS.filter(Boolean) as one (one)}{say(one)}{/each}`;
  const there = treeOf(`export const KINDS = ["b", "c"] as const;`, false);
  const list = allOf(there, ({ type }) => type === "ArrayExpression")[0];
  expect(inOneLanguage(kinds, treeOf(kinds, true), "fr", (from, name) => (from === "./b.ts" && name === "KINDS" ? list : undefined))).toContain(`words(0, {"b":"Deux","c":"Trois"})`);
  const mapped = (list: string) => script(`${words(`{ a: "A", b: "B" }`, `{ a: "Un", b: "Deux" }`)}export const all = ${list}.map((one) => say(one));`);
  expect(mapped(`(["b"] as const)`)).toContain(`words(0, {"b":"Deux"})`);
  const chosen = (kind: string) => script(`${words(`{ a: "A", b: "B", c: "C" }`, `{ a: "Un", b: "Deux", c: "Trois" }`)}${kind} verb = is ? "a" : "b";\nexport const it = say(verb);`);
  expect(chosen("const")).toContain(`words(0, {"a":"Un","b":"Deux"})`);
  expect(chosen("let")).toContain(`words(0, {"a":"Un","b":"Deux","c":"Trois"})`);
  expect(mapped(`lists`)).toContain(`words(0, {"a":"Un","b":"Deux"})`);
  const any = svelte(`<script lang="ts">\n${words(`{ a: "A", b: "B" }`, `{ a: "Un", b: "Deux" }`)}</script>\n{say("a")}{#each list as one (one)}{say(one)}{/each}`);
  expect(any).toContain(`words(0, {"a":"Un","b":"Deux"})`);
});

test("a name that may stand for something else prunes nothing", () => {
  const AB = words(`{ a: "A", b: "B", c: "C" }`, `{ a: "Un", b: "Deux", c: "Trois" }`);
  const ALL = `words(0, {"a":"Un","b":"Deux","c":"Trois"})`;
  const one = `const verb = is ? "a" : "b";\nexport const it = say(verb);`;
  expect(script(AB + one)).toContain(`words(0, {"a":"Un","b":"Deux"})`);
  for (const other of [
    "function f(o) { const { verb } = o; return say(verb); }",
    "function f(o) { const { of: verb = 1 } = o; return say(verb); }",
    "function f(o) { const [, ...verb] = o; return say(verb); }",
    "function f(o) { for (const verb of o) say(verb); }",
    "function f() { try { g(); } catch (verb) { say(verb); } }",
    `import { verb } from "./b.ts";`,
    "function verb() {}",
  ]) expect(script(`${AB}${other}\nfunction g(is) { ${one.replace("export ", "")} }`), other).toContain(ALL);
  for (const given of ["({ verb }) => say(verb)", "([verb]) => say(verb)", "(...verb) => say(verb)"]) {
    expect(script(`${AB}export const all = ["a"].map(${given});\nfunction g(is) { ${one.replace("export ", "")} }`), given).toContain(ALL);
  }
  expect(svelte(`<script lang="ts">\n${AB}</script>\n{#await soon then verb}{say(verb)}{/await}{#each list as { verb }}{say(verb)}{/each}{#if is}{@const verb = "a"}{say(verb)}{/if}`)).toContain(ALL);
  // A list by a name that is given to something else there.
  expect(script(`${AB}const list = ["a"];\nexport const f = (list) => list.map((one) => say(one));`)).toContain(ALL);
  expect(script(`${AB}const list = ["a"];\nexport const f = list.map((one) => { const { one } = g; return say(one); });`)).toContain(ALL);
  expect(script(`${AB}const list = ["a"];\nexport const f = list.map((one) => say(one));`)).toContain(`words(0, {"a":"Un"})`);
});

test("what a dictionary is called, nothing else is called in its file", () => {
  const A = words(`{ a: "A" }`, `{ a: "Un" }`);
  for (const other of ["const { say } = announcer;", "function f() { const say = 1; }"]) expect(() => script(A.replace("const say", "export const say") + other), other).toThrow("and so is something else");
});

test("of another module only what it gives to others is taken", () => {
  const there = treeOf(`function f() { const KINDS = ["a"]; }\nexport let LOOSE = ["b"];\nexport const KINDS = ["b", "c"] as const;`, false);
  expect((constantOf(there, "KINDS")?.["elements"] as unknown[]).length).toBe(2);
  expect(constantOf(there, "LOOSE")).toBeUndefined();
});

test("another thing of the same name, and spaces that a template would eat, stay as they are", () => {
  const built = svelte(`<script lang="ts">\n${words(`{ a: "Yes ", b: "B" }`, `{ a: "Oui ", b: "B" }`)}announcer.say(say("b"));</script>\n<p>{say("a")}</p>`);
  expect(built).toContain(`announcer.say(("B"))`);
  expect(built).toContain(`<p>{("Oui ")}</p>`);
});

test("a page of one language knows which it is", () => {
  expect(script(`import { settings } from "../settings.svelte.ts";\nexport const unit = settings.language === "fr" ? "o" : "B";`)).toContain(`unit = "fr" === "fr" ? "o" : "B"`);
});
