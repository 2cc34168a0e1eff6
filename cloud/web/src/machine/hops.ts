// Which hop of the way from a machine to the hub is broken, and of which is nothing known?
import type { Machine, Site } from "../api/types.ts";
import { heardAt } from "../truth/freshness.ts";

export type HopState = "whole" | "broken" | "unknown";

export interface Hop {
  kind: "machine" | "relay" | "hub";
  name: string;
  /** When it was last heard, in ms. */
  at: number | undefined;
  state: HopState;
}

/** From the machine to the hub. Behind a broken hop nothing is known, and none is said to be broken. */
export function hopsOf(machine: Machine, sites: readonly Site[], hub: { at: number | undefined; blind: boolean }): Hop[] {
  const site = sites.find((own) => own.client === machine.client && own.name === machine.site);
  const { state } = machine.reachability;
  const names = (machine.last_sample?.path ?? []).filter((hop) => hop.startsWith("relay:")).map((hop) => hop.slice(6));
  const relays = names.map((name): Hop => {
    const own = site?.relays.find((one) => one.name === name);
    // What it brought was heard of it, whenever the list of sites was asked for.
    const heard = Math.max(...[own?.link.last_heard, machine.last_sample?.learnt_at].map((at) => (at ? Date.parse(at) : -Infinity)));
    // A connection may stand for a while over a line that is dead: who is not heard is cut off.
    const isCut = state === "cut" || site?.reachability.state === "cut" || own?.link.connected === false;
    return { kind: "relay", name, at: Number.isFinite(heard) ? heard : undefined, state: isCut ? "broken" : own ? "whole" : "unknown" };
  });
  const own: HopState = state === "live" || state === "late" ? "whole" : state === "silent" ? "broken" : "unknown";
  const hops: Hop[] = [
    { kind: "machine", name: machine.name, at: heardAt(machine), state: own },
    ...relays,
    { kind: "hub", name: "hub", at: hub.at, state: hub.blind ? "broken" : "whole" },
  ];
  const nearest = hops.findLastIndex((hop) => hop.state === "broken");
  return hops.map((hop, at) => (at < nearest ? { ...hop, state: "unknown" } : hop));
}
