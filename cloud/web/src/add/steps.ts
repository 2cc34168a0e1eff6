// How far is a machine that is being added? Each step rests on something that the hub was told, and says what that was.
import type { Enrolment, Joined } from "./shape.ts";

export type StepName = "made" | "fetched" | "joined" | "heard" | "sample";

export interface Step {
  name: StepName;
  /** `skipped`: what comes after it is known, and it was not seen: the script came from a relay, or the hub was started since. */
  state: "done" | "now" | "later" | "skipped" | "failed";
  /** When it was so, at the hub. */
  at?: number;
  /** Since when it is waited for. */
  since?: number;
}

/** After this a step that is waited for says what to look at. */
export const LATE_MS = 15_000;

const ORDER: readonly StepName[] = ["made", "fetched", "joined", "heard", "sample"];

/** Whether it is a relay that is added. */
export const isRelay = (one: Enrolment, machine: Joined | undefined): boolean => (machine ? machine.role === "relay" : !one.roles.includes("agent"));

/** The steps of one machine, or of the one that is to come. */
export function stepsOf(one: Enrolment, machine: Joined | undefined): Step[] {
  const at = timesOf(one, machine);
  // A relay measures nothing.
  const order = isRelay(one, machine) ? ORDER.filter((name) => name !== "sample") : ORDER;
  const last = ORDER.findLastIndex((name) => at[name] !== undefined);
  const refused = !machine && one.refused !== null && Date.parse(one.refused.at) >= (at.fetched ?? at.made ?? 0);
  return order.map((name, n): Step => {
    const time = at[name];
    if (time !== undefined) return { name, state: "done", at: time };
    if (n < last) return { name, state: "skipped" };
    // Whoever is turned away got as far as asking to join.
    if (refused) return name === "joined" ? { name, state: "failed", at: Date.parse(one.refused?.at ?? "") } : { name, state: n < 2 ? "skipped" : "later" };
    return n === last + 1 ? { name, state: "now", since: at[ORDER[last] ?? "made"] ?? 0 } : { name, state: "later" };
  });
}

function timesOf(one: Enrolment, machine: Joined | undefined): Partial<Record<StepName, number>> {
  const times: Partial<Record<StepName, number>> = { made: Date.parse(one.made_at) };
  const joined = machine && Date.parse(machine.at);
  // Somebody may have fetched it again for the next machine.
  if (one.fetched && (joined === undefined || Date.parse(one.fetched.at) <= joined)) times.fetched = Date.parse(one.fetched.at);
  if (joined !== undefined) times.joined = joined;
  const reach = machine?.reachability;
  const sample = machine?.last_sample;
  if (reach && reach.state !== "unseen") times.heard = Math.max(joined ?? 0, Date.parse(sample?.learnt_at ?? reach.since ?? "") || 0);
  if (sample) times.sample = Date.parse(sample.learnt_at);
  return times;
}

/** The step that is waited for, once it takes longer than it should. */
export function lateStep(steps: readonly Step[], now: number): Step | undefined {
  return steps.find((step) => step.state === "now" && now - (step.since ?? now) > LATE_MS);
}
