// What is left to do once the first machine is here, for whoever may do it?
//
// A step is done when it is so, whoever did it; of what nobody has answered nothing is said.
import type { Right } from "../api/types.ts";
import { DEMO } from "../demo.ts";

export type StepName = "people" | "route" | "phone" | "rule" | "site";

/** Which right it takes, in all of some place. */
export const RIGHTS: Readonly<Record<StepName, Right>> = { people: "people", route: "tell", phone: "look", rule: "decide", site: "enrol" };

/** What the hub has answered so far. */
export interface Known {
  /** Of those who come in somewhere: an invitation that nobody took up answers no incident. */
  people?: { total: number } | undefined;
  route?: { routes: readonly { used: boolean }[] } | undefined;
  /** The devices of who asks: one that has shown a message rings. */
  phone?: { devices: readonly { last_push: { displayed_at: string | null } | null }[] } | undefined;
  rule?: { groups: readonly { origin: { source: string } }[] } | undefined;
  site?: { sites: readonly { client: string; relays: readonly unknown[] }[] } | undefined;
}

export interface Step {
  name: StepName;
  done: boolean;
}

export function stepsOf({ people, route, phone, rule, site }: Known, may: (right: Right) => boolean): Step[] {
  const steps: { name: StepName; done: boolean | undefined }[] = [
    { name: "people", done: people && people.total > 1 },
    { name: "route", done: route?.routes.some((one) => one.used) },
    // That it took a message is not enough: it may ring no more.
    { name: "phone", done: phone?.devices.some((one) => Boolean(one.last_push?.displayed_at)) },
    // What was there from the beginning is nobody's choice.
    { name: "rule", done: rule?.groups.some((one) => one.origin.source !== "default") },
    // A demonstration has relays, and nobody has these.
    { name: "site", done: site?.sites.some((one) => one.client !== DEMO && one.relays.length > 0) },
  ];
  return steps.filter((step): step is Step => step.done !== undefined && may(RIGHTS[step.name]));
}
