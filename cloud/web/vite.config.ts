// How do the sources become the files that the hub bears? The same bytes from the same sources, wherever they are built.
//
// Once for each language, which is the build's mode: what a page of `fr` loads stands below `assets/fr`, and the hub hands out
// what stands below `fr` under its own name to whoever reads French.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { build, type Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { LANGUAGES, oneLanguage, type Language } from "./build/language.ts";
import { patterns } from "./src/route.ts";
import type { Shell } from "./src/worker/shell.ts";

// The hub knows a page by this list: what is not in it is answered with 404.
const pages: Plugin = {
  name: "pages",
  generateBundle() {
    this.emitFile({ type: "asset", fileName: "pages.txt", source: `${patterns.join("\n")}\n` });
  },
};

// What goes together is one file: the frame with what nearly all pages share, what lies over a page once somebody opens it, what forms
// share, and pages that one person goes between. Small files pack badly: what is seldom loaded stands with its like. No page that
// many look at loads another one's part, and none Panel's charts that shows none. What a page has for itself stands with it: else it would be a file that begins the one that it is begun by.
const GROUPS = [
  { name: "layers", test: /src\/(shell\/(Palette|Help|LinkPanel|Menu|search)|say\/language)/ },
  { name: "base", test: /node_modules\/(svelte|clsx)|preload-helper|src\/((api|live|kept|shell)\/|say\/(?!french)|outbox\/[a-v]|phone\/(install|worker)|parts\/(?!Status)|truth\/(freshness|status)|incidents\/words|form\/leave|worker\/shell|(?!main)[^/]+\.ts)/ },
  { name: "rows", test: /src\/(incidents\/(Row|behind|spells|why)|truth\/(impact|forecast|foreseen))/, minShareCount: 2 },
  { name: "form", test: /src\/((form|rules|time|people)\/.*ts$|form\/|rules\/Metric|people\/Once)/, minShareCount: 2 },
  { name: "views", test: /src\/(machines\/(Cards|Heat|heat|tiles)|style\/dyed|bulk\/(Bulk|Outcome|Tags)\.svelte)/ },
  { name: "list", test: /src\/(machines|spark|table|filter)\//, minShareCount: 2 },
  { name: "tell", test: /src\/(rules\/|channels\/|form\/Hours|status\/|pages\/(Rules?|Channels|StatusPages?)\.svelte)/ },
  { name: "sites", test: /src\/(sites\/|add\/|pages\/(Sites?|Add)\.svelte)/ },
  { name: "machine", test: /src\/(machine\/((Overview|Hardware|Data|Day|Disks|Alerts|PathDots)\.svelte|day|hops|tabs)|chart\/(gaps|say)\.ts|parts\/Status|pages\/Machine\.svelte)/ },
  { name: "incident", test: /src\/(outbox\/(Waiting\.svelte|words)|incidents\/(Decide|Evidence|Messages|Photos|Timeline|Versions)\.svelte|incidents\/[mt]|truth\/delivery|share\/|photos\/|pages\/(Incidents?|Share)\.svelte)/ },
  { name: "office", test: /src\/(jobs\/|retention\/|audit\/|people\/|phone\/(DeviceRow|push|shape)|pages\/(Jobs?|People|Audit|Devices)\.svelte)/ },
  { name: "plans", test: /src\/(maintenance\/|boards\/MachinePick|pages\/(Maintenance|Boards)\.svelte)/ },
];

const PUBLIC = new URL("./public/", import.meta.url);

// The worker of a language knows all other files of it, and is another one whenever one of them is.
const worker = (language: Language): Plugin => ({
  name: "worker",
  apply: "build",
  enforce: "post",
  generateBundle: {
    order: "post",
    async handler(_, bundle) {
      const files = new Map<string, string | Uint8Array>();
      for (const [name, file] of Object.entries(bundle)) {
        const source = file.type === "chunk" ? file.code : file.source;
        // The page under its own name is for who is signed in; without a line the same is shown to whoever was.
        if (name === "index.html") {
          for (const fileName of ["index.html", "shell.html"]) this.emitFile({ type: "asset", fileName: `${language}/${fileName}`, source });
          delete bundle[name];
        }
        if (name !== "pages.txt") files.set(name === "index.html" ? "shell.html" : name, source);
      }
      for (const name of readdirSync(PUBLIC)) files.set(name, readFileSync(new URL(name, PUBLIC)));
      const names = [...files.keys()].sort();
      const hash = createHash("sha256");
      for (const name of names) hash.update(`${name}\0`).update(files.get(name) ?? "").update("\0");
      // The icon is every node's own.
      const all = [...names, "icon.svg"].map((name) => `/${name}`);
      const shell: Shell = { version: hash.digest("hex").slice(0, 16), files: all };
      this.emitFile({ type: "asset", fileName: `${language}/sw.js`, source: await workerOf(shell) });
    },
  },
});

async function workerOf(shell: Shell): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    define: { __SHELL__: JSON.stringify(shell) },
    build: {
      write: false,
      target: "es2022",
      reportCompressedSize: false,
      rolldownOptions: { input: "src/worker/sw.ts", output: { format: "iife", entryFileNames: "sw.js" } },
    },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (!output || !("output" in output)) throw new Error("the worker was not built");
  return output.output[0].code;
}

// What the tests and the server of whoever builds run speaks both.
const languageOf = (mode: string): Language | undefined => LANGUAGES.find((language) => language === mode);

export default defineConfig(({ mode, command }) => {
  const language = languageOf(mode);
  if (command === "build" && !language) throw new Error(`pages are built in a language, by --mode ${LANGUAGES.join(" or ")}`);
  return {
    logLevel: "warn",
    // A class for each component's styles: four characters keep them apart, and each stands in the code as often as an element.
    plugins: [language && oneLanguage(language), svelte({ compilerOptions: { runes: true, discloseVersion: false, cssHash: ({ css, hash }) => `s${hash(css).slice(0, 4)}` } }), pages, language && worker(language)],
    build: {
      target: "es2022",
      // The hub's policy takes nothing inline.
      assetsInlineLimit: 0,
      // Many small files pack badly.
      cssCodeSplit: false,
      emptyOutDir: language === LANGUAGES[0],
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: {
        output: {
          entryFileNames: `assets/${language}/[name]-[hash].js`,
          chunkFileNames: `assets/${language}/[name]-[hash].js`,
          codeSplitting: { includeDependenciesRecursively: false, groups: GROUPS },
        },
      },
    },
    server: { proxy: { "/api": "http://127.0.0.1:7880", "/prometheus": "http://127.0.0.1:7880" } },
    test: { include: ["{src,build}/**/*.test.ts"] },
  };
});
