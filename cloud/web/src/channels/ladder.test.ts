import { expect, test } from "vitest";
import { ladderOf } from "./ladder.ts";

test("a ladder begins with the first message and goes on in the order of time", () => {
  const steps = ladderOf({ channels: ["mail"] }, { channels: ["mail", "chat"], step: [{ after_s: 900, on_call: ["nights"] }, { after_s: 300, channels: ["sms"] }] });
  expect(steps.map((one) => [one.after, one.channels.join(), one.onCall.join(), one.at])).toEqual([[0, "mail,chat", "", 0], [300, "sms", "", 0.5], [900, "", "nights", 1]]);
});

test("a route of which nothing more may be known has its first message alone", () => {
  expect(ladderOf({ channels: ["mail"] }, undefined)).toEqual([{ after: 0, channels: ["mail"], onCall: [], at: 0 }]);
});
