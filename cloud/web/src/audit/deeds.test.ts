import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { settings } from "../settings.svelte.ts";
import { deedOf } from "./deeds.ts";

/** What a line of the audit begins with, and what else is written so in the hub's sources. */
const OF = "alert|backup|board|carried|client|demonstration|device|export|grant|hub|job|link|maintenance|message|node|oncall|passkey|person|photo|quota|raw|retention|role|route|rule|session|silence|status_page|tag|token|webhook";
const NONE = ["client.erasure", "hub.backup", "hub.vigie", "node.out", "node.sock", "quota.client", "retention.client"];

test("each deed that the hub writes down has words in both languages", () => {
  const above = new URL("../../../../", import.meta.url);
  const folders = ["cloud/src", ...["demonstration", "grants", "lookout", "people", "serve"].map((name) => `shared/${name}/src`)];
  const files = folders.flatMap((folder) => readdirSync(new URL(folder, above), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".rs")).map((name) => `${folder}/${name}`));
  const found = files.flatMap((file) => [...readFileSync(new URL(file, above), "utf8").matchAll(new RegExp(`"((?:${OF})\\.[a-z_-]+)"`, "g"))].map(([, what]) => what!));
  const deeds = [...new Set(found)].filter((what) => !NONE.includes(what)).sort();
  expect(deeds.length).toBeGreaterThan(70);
  const before = settings.language;
  for (const language of ["en", "fr"] as const) {
    Object.assign(settings, { language });
    expect(deeds.filter((what) => deedOf(what) === ""), language).toEqual([]);
  }
  Object.assign(settings, { language: before });
});

test("what a later hub did is called by its own word alone", () => {
  expect(deedOf("moon.land")).toBe("");
});
