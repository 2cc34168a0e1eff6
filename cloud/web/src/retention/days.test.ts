import { expect, test } from "vitest";
import { daysOf, shortened, typedOf } from "./days.ts";

const keeps = { raw_days: 90, minute_days: 0, hour_days: 0 };

test("what is left empty is as in the hub's file, and 0 is for ever", () => {
  expect(typedOf("acme", { raw_days: 30, minute_days: null, hour_days: 0 })).toEqual({ client: "acme", raw_days: "30", minute_days: "", hour_days: "0" });
  expect(daysOf({ client: "acme", raw_days: "30", minute_days: " ", hour_days: "0" })).toEqual({ raw_days: 30, hour_days: 0 });
  expect(["x", "-1", "1.5", "99999"].map((raw_days) => daysOf({ client: "", raw_days, minute_days: "", hour_days: "" }))).toEqual([undefined, undefined, undefined, undefined]);
});

test("whoever keeps less than before is told what goes", () => {
  expect(shortened(keeps, { client: "acme", raw_days: "30", minute_days: "400", hour_days: "0" })).toEqual(["raw_days", "minute_days"]);
  expect(shortened(keeps, { client: "acme", raw_days: "0", minute_days: "", hour_days: "" })).toEqual([]);
});
