// When was it so? Each time that an incident began and ended, as far as each is known by itself.
import type { Incident, Stamp } from "../api/types.ts";

export interface Spell {
  /** When it began, in ms. */
  from: number;
  /** When it was over; none while it is not. */
  to: number | undefined;
}

type Timed = Pick<Incident, "since" | "began" | "ended" | "learnt_at" | "past">;

const ms = (stamp: Stamp | null): number | undefined => (stamp === null ? undefined : Date.parse(stamp));

/** Oldest first: the last of them is the one that its hub tells of. */
export function spellsOf(one: Timed): [...Spell[], Spell] {
  const past = (one.past ?? []).map(({ since, ended }) => ({ from: Date.parse(since), to: Date.parse(ended) }));
  return [...past, { from: ms(one.since) ?? ms(one.began) ?? Date.parse(one.learnt_at), to: ms(one.ended) }];
}
