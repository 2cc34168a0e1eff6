import { expect, test } from "vitest";
import { Passing } from "../kept/cupboard.ts";
import { dropShared, keepShared, MOST_SHARED, sharedPhotos } from "./kept.ts";

const picture = (text: string) => new Blob([text], { type: "image/png" });
const texts = async (cupboard: Passing) => Promise.all((await sharedPhotos(cupboard)).map(({ photo }) => photo.text()));

test("what was handed over stays until somebody puts it somewhere or throws it away", async () => {
  const cupboard = new Passing();
  await keepShared(cupboard, [picture("one"), new Blob(["no"], { type: "text/html" }), picture("two")], 1000);
  await keepShared(cupboard, [picture("three")], 2000);
  expect(await texts(cupboard)).toEqual(["one", "two", "three"]);
  const [first] = await sharedPhotos(cupboard);
  expect(first?.photo.type).toBe("image/png");
  await dropShared(cupboard, first?.name ?? "");
  expect(await texts(cupboard)).toEqual(["two", "three"]);
});

test("whoever hands over without end drops what nobody asked for, and nothing else", async () => {
  const cupboard = new Passing();
  await cupboard.change((tx) => tx.put("photos", { name: "outbox 1", content: new ArrayBuffer(3), kind: "image/jpeg" }));
  for (let at = 0; at < MOST_SHARED + 2; at += 1) await keepShared(cupboard, [picture(String(at))], 1000 + at);
  expect(await texts(cupboard)).toEqual(Array.from({ length: MOST_SHARED }, (_, at) => String(at + 2)));
  expect(await cupboard.change((tx) => tx.get("photos", "outbox 1"))).toBeDefined();
});
