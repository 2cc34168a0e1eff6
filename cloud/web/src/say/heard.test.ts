import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { settings } from "../settings.svelte.ts";
import { FRENCH } from "./french.ts";
import { answeredIn, inFrench, learn } from "./heard.ts";

beforeAll(async () => {
  const before = settings.language;
  Object.assign(settings, { language: "fr" });
  await learn();
  Object.assign(settings, { language: before });
});

test("what is known is said in French, with what it tells of", () => {
  expect(inFrench("this token has expired; ask for a new one")).toBe("ce jeton a expiré ; demandez-en un nouveau");
  expect(inFrench('none of its channels is configured here (desk, "sms"): cloud.toml names them')).toBe('aucun de ses canaux n’est configuré ici (desk, "sms") : c’est cloud.toml qui les nomme');
  expect(inFrench("acme may have 5 machines and has 5, so this one was not let in: revoke one that is gone, or ask whoever looks after the hub for more (vigie quotas set acme --machines …), then enrol it again with the same token")).toBe("acme peut avoir 5 machines et en a 5, celle-ci n’a donc pas été admise : révoquez-en une qui n’est plus là, ou demandez-en plus à qui gère le hub (vigie quotas set acme --machines …), puis inscrivez-la à nouveau avec le même jeton");
});

test("what is not known stays as it was said", () => {
  expect(inFrench("the moon is full")).toBeUndefined();
  expect(inFrench("there is no such device, or is there")).toBeUndefined();
});

test("why a receiver was not reached is said in French, and what it answered as it came", () => {
  const before = settings.language;
  Object.assign(settings, { language: "fr" });
  expect(answeredIn("no connection to 203.0.113.7:443 within 10 s")).toBe("pas de connexion à 203.0.113.7:443 en 10 s");
  expect(answeredIn("no connection to 127.0.0.1:9: Connection refused (os error 111)")).toBe("pas de connexion à 127.0.0.1:9 : connexion refusée (erreur système 111)");
  expect(answeredIn("302: moved (redirects are not followed: say the new address)")).toBe("302: moved (les redirections ne sont pas suivies : indiquez la nouvelle adresse)");
  expect(answeredIn("503: come back later")).toBe("503: come back later");
  Object.assign(settings, { language: "en" });
  expect(answeredIn("no answer within 10 s")).toBe("no answer within 10 s");
  Object.assign(settings, { language: before });
});

/** Each text in a source of the hub, with `*` in the place of what it fills in. */
function texts(source: string): string[] {
  const literals = source.matchAll(/"((?:[^"\\]|\\[^])*)"/g);
  return [...literals].map(([, text]) => text!.replace(/\\\n\s*/g, "").replace(/\\(["\\])/g, "$1").replace(/\{[^{}]*\}/g, "*").replace(/; nothing was (changed|taken)$/, ""));
}

test("no sentence is said in French that the hub does not say", () => {
  const above = new URL("../../../../", import.meta.url);
  const files = ["shared", "cloud/src"].flatMap((folder) => readdirSync(new URL(folder, above), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".rs")).map((name) => `${folder}/${name}`));
  expect(files.length).toBeGreaterThan(200);
  const said = new Set(files.flatMap((file) => texts(readFileSync(new URL(file, above), "utf8"))));
  // Of a sentence that has another within itself each part stands somewhere.
  const parts = (sentence: string) => sentence.replace(/; nothing was taken$/, "").replace(/: Connection refused.*$/, ": *").replace(/^\*: (?=\* is not)/, "").split("; before that ");
  const pattern = (part: string) => new RegExp(`^${part.split("*").map((text) => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`);
  const isSaid = (part: string) => said.has(part) || [...said].some((text) => pattern(part).test(text));
  expect(FRENCH.map(([english]) => english).flatMap(parts).filter((part) => !isSaid(part))).toEqual([]);
});
