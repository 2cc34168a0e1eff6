import { expect, test } from "vitest";
import { Unsure } from "./unsure.ts";

test("what had no answer is sent again as the same write, and what was answered is another one", () => {
  let made = 0;
  const unsure = new Unsure(() => `key-${(made += 1)}`);
  expect([unsure.keyOf("POST /a {}", 0), unsure.keyOf("POST /a {}", 5000), unsure.keyOf("POST /b {}", 5000)]).toEqual(["key-1", "key-1", "key-2"]);
  unsure.answered("POST /a {}");
  expect([unsure.keyOf("POST /a {}", 6000), unsure.keyOf("POST /b {}", 600_000), unsure.keyOf("POST /b {}", 606_000)]).toEqual(["key-3", "key-2", "key-4"]);
});
