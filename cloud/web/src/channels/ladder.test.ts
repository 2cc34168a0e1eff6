import { expect, test } from "vitest";
import { answersOf, ladderOf } from "./ladder.ts";

test("a ladder begins with the first message and goes on in the order of time", () => {
  const steps = ladderOf({ channels: ["mail"] }, { channels: ["mail", "chat"], step: [{ after_s: 900, on_call: ["nights"] }, { after_s: 300, channels: ["sms"] }] });
  expect(steps.map((one) => [one.after, one.channels.join(), one.onCall.join(), one.at])).toEqual([[0, "mail,chat", "", 0], [300, "sms", "", 0.5], [900, "", "nights", 1]]);
});

test("a route of which nothing more may be known has its first message alone", () => {
  expect(ladderOf({ channels: ["mail"] }, undefined)).toEqual([{ after: 0, channels: ["mail"], onCall: [], at: 0 }]);
});

test("that people can answer is said only where the hub says so, and why not in every other case", () => {
  const of = (said: string | null) => answersOf({ two_way: said });
  expect(of(null)).toBeUndefined();
  expect(of("people answer from there")).toEqual({ can: true });
  expect(of("people can not answer from there: it has no [channel.two_way]")).toEqual({ can: false, isSetUp: false, why: "it has no [channel.two_way]" });
  expect(of("people can not answer from there: /etc/vigie/slack.signing: no such file")).toEqual({ can: false, isSetUp: true, why: "/etc/vigie/slack.signing: no such file" });
  expect(of("something new")).toEqual({ can: false, isSetUp: true, why: "something new" });
});
