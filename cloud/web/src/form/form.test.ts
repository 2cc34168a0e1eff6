import { expect, test } from "vitest";
import { Refused } from "../api/problem.ts";
import { differences } from "./differ.ts";
import { faultOf, fieldOf } from "./fault.ts";

const refused = (code: string, detail: string) => new Refused({ type: "", title: "", status: 400, code, detail });

test("a refusal stands at the field that it names first, and nowhere where it names none", () => {
  const fields = { hold: ["for"], threshold: ["above", "below"], zone: ["zone", "time zone"] };
  expect(fieldOf("above is a number; nothing was changed", fields)).toBe("threshold");
  expect(fieldOf("route \"night\": \"Mars/Base\" is no time zone", fields)).toBe("zone");
  expect(fieldOf("forever is too long", fields)).toBeUndefined();
  expect(faultOf(refused("bad-parameter", "for is 1 s to 31 days"), fields)).toMatchObject({ field: "hold", outdated: false, proof: false });
});

test("what somebody else did and what needs a proof are told apart from what is wrong", () => {
  expect(faultOf(refused("outdated", "somebody changed it"), {}).outdated).toBe(true);
  expect(faultOf(refused("proof-needed", "prove again who you are"), {}).proof).toBe(true);
});

test("what somebody else changed is told leaf by leaf, and nothing else is", () => {
  const before = { channels: ["mail"], step: [{ after_s: 300, channels: ["sms"] }], zone: "UTC", same: 1 };
  const now = { channels: ["mail", "sms"], step: [{ after_s: 600, channels: ["sms"] }], severity: "critical", same: 1, none: null };
  expect(differences(before, now)).toEqual([
    { path: "channels", before: "mail", now: "mail, sms" }, { path: "step 1 after_s", before: "300", now: "600" },
    { path: "zone", before: "UTC", now: "–" }, { path: "severity", before: "–", now: "critical" },
  ]);
  expect(differences(before, before)).toEqual([]);
});
