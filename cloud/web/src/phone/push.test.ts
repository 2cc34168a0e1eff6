import { expect, test } from "vitest";
import { bytesOf, idOf, nameOf, standingOf, type Abilities } from "./push.ts";

const able: Abilities = { secure: true, push: true, notifications: true, permission: "default", apple: false, installed: false };

test("why a browser is not pushed to is said for each reason", () => {
  expect(standingOf(able)).toBe("ask");
  expect(standingOf({ ...able, permission: "granted" })).toBe("granted");
  expect(standingOf({ ...able, permission: "denied" })).toBe("denied");
  expect(standingOf({ ...able, secure: false })).toBe("no-secure");
  expect(standingOf({ ...able, push: false })).toBe("no-support");
  expect(standingOf({ ...able, push: false, apple: true })).toBe("install-first");
  expect(standingOf({ ...able, push: false, apple: true, installed: true })).toBe("no-support");
});

test("a subscription is known by what its endpoint comes down to, as at the hub", async () => {
  expect(await idOf("https://push.example.org/send/abc")).toBe("8bee32829b1025fb");
  expect(await idOf("https://push.example.org/send/abc")).not.toBe(await idOf("https://push.example.org/send/abd"));
});

test("a device has a name that says which it is", () => {
  expect(nameOf("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36")).toBe("Android · Chrome");
  expect(nameOf("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile/15E148 Safari/604.1")).toBe("iPhone · Safari");
  expect(nameOf("curl/8")).toBe("");
});

test("a key is read as base64url", () => {
  expect([...bytesOf("-_8")]).toEqual([251, 255]);
});
