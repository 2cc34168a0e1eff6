import { expect, test } from "vitest";
import type { Incident } from "../api/types.ts";
import { planOf } from "./several.ts";

const one = (id: string, standing: Incident["standing"], client = "acme") => ({ id, standing, client }) as Incident;
const chosen = [one("A", "firing"), one("B", "acknowledged"), one("C", "resolved"), one("D", "firing", "bron"), one("E", "resolved", "bron")];
const mine = ({ client }: Incident) => client === "acme";

test("what is over, what is known already and what is others' is left out, each counted once", () => {
  const plan = planOf("acknowledge", chosen, mine);
  expect([plan.of.map(({ id }) => id), plan.over, plan.known, plan.denied]).toEqual([["A"], 2, 1, 1]);
});

test("what somebody knows already can still be given to another one, or be quiet", () => {
  for (const word of ["assign", "snooze"] as const) expect(planOf(word, chosen, mine).of.map(({ id }) => id)).toEqual(["A", "B"]);
});
