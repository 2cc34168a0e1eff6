import { expect, test } from "vitest";
import { draftOf, freshRoute, pathOf, saidOf } from "./route.ts";

test("what the form does not show stays as it was said", () => {
  const said = { name: "night", channels: ["mail"], labels: { team: "db" }, group_by: ["site"], step: [{ after_s: 300, on_call: ["n1"] }], quiet: [{ from: "23:00", to: "06:00" }] };
  const draft = draftOf("night", "acme", null, said);
  expect(draft).toMatchObject({ name: "night", client: "acme", site: "", severity: "warning", step: [{ after_s: 300, channels: [], on_call: ["n1"] }], rest: { labels: { team: "db" }, group_by: ["site"] } });
  expect(saidOf(draft)).toMatchObject({ ...said, step: [{ after_s: 300, channels: [], on_call: ["n1"] }] });
  expect(Object.keys(saidOf(draft)).filter((key) => ["client", "site", "rest"].includes(key))).toEqual([]);
});

test("steps are said in the order of time", () => {
  const draft = { ...freshRoute("UTC", "en"), step: [900, 300].map((after_s) => ({ after_s, channels: [], on_call: [] })) };
  expect((saidOf(draft)["step"] as { after_s: number }[]).map((one) => one.after_s)).toEqual([300, 900]);
});

test("an address names its place, and a site never without its client", () => {
  expect(pathOf("routes", "a b", "acme", "lyon")).toBe("/api/v1/routes/a%20b?client=acme&site=lyon");
  expect(pathOf("oncall", "n1", null, "lyon", "/stand-ins")).toBe("/api/v1/oncall/n1/stand-ins");
});
