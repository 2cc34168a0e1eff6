// What happened of an incident, one after the other, each with when it happened and when the hub learnt of it?
import type { Incident, Word } from "../api/types.ts";
import { spellsOf } from "./spells.ts";

export type Kind = "began" | "ended" | "acknowledge" | "assign" | "comment" | "close";

export interface Entry {
  key: string;
  kind: Kind;
  /** When it happened, in ms. */
  at: number;
  /** When the hub learnt of it; none where it was here from the start. */
  learnt: number | undefined;
  by: string;
  where: string;
  text: string;
}

const ms = (stamp: string | null | undefined): number | undefined => (stamp ? Date.parse(stamp) : undefined);

/** All of it, by when it happened or by when it was learnt; the newest first. */
export function timelineOf(one: Incident, by: "happened" | "learnt"): Entry[] {
  const said = (kind: Kind, list: readonly Word[]): Entry[] =>
    list.map((word, at) => ({
      key: `${kind} ${word.id ?? at} ${word.happened_at} ${word.by}`, kind, at: Date.parse(word.happened_at), learnt: ms(word.learnt_at),
      by: word.by, where: word.at, text: word.text,
    }));
  const own = (kind: Kind, at: number | undefined, learnt: number | undefined): Entry[] =>
    at === undefined ? [] : [{ key: `${kind} ${at}`, kind, at, learnt, by: one.judge?.name ?? "", where: "", text: "" }];
  // When it first fired is learnt with the incident; that it began again, whenever that was told.
  const first = ms(one.began);
  const spells = spellsOf(one);
  const entries = [
    ...own("began", first, ms(one.learnt_at)),
    ...spells.flatMap(({ from, to }) => [...(from === first ? [] : own("began", from, undefined)), ...own("ended", to, undefined)]),
    ...said("acknowledge", one.acknowledgements),
    ...said("assign", one.assignments),
    ...said("comment", one.comments),
    ...said("close", one.closings),
  ];
  const time = (entry: Entry) => (by === "learnt" ? (entry.learnt ?? entry.at) : entry.at);
  return entries.sort((a, b) => time(b) - time(a) || (a.key < b.key ? 1 : -1));
}

/** How much later than it happened it was learnt, where that is more than a minute. */
export function lateBy(entry: Entry): number {
  const late = entry.learnt === undefined ? 0 : entry.learnt - entry.at;
  return late > 60_000 ? late : 0;
}
