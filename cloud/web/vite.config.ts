// How do the sources become the files that the hub bears? The same bytes from the same sources, wherever they are built.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { patterns } from "./src/route.ts";

// The hub knows a page by this list: what is not in it is answered with 404.
const pages: Plugin = {
  name: "pages",
  generateBundle() {
    this.emitFile({ type: "asset", fileName: "pages.txt", source: `${patterns.join("\n")}\n` });
  },
};

export default defineConfig({
  plugins: [svelte(), pages],
  build: {
    target: "es2022",
    // The hub's policy takes nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": "http://127.0.0.1:7880", "/prometheus": "http://127.0.0.1:7880" } },
  test: { include: ["src/**/*.test.ts"] },
});
