// What upkeep is overdue, and about how long does it take? Of what rules see: each kind of work has an estimate, and says so.
import type { Incident } from "../api/types.ts";

/** What a person needs for one of them, in minutes: a first guess, told beside the sum. */
export const MINUTES: Readonly<Record<string, number>> = {
  DiskNearlyFull: 45, DiskFillsSoon: 45, DiskFull: 60, InodesNearlyGone: 45, InodesGoneSoon: 45, DiskReadOnly: 120, CertificateEndsSoon: 30, CertificateEnds: 30, ServiceFailed: 30, ClockOff: 15,
  CollectorFailing: 20, InterfaceErrors: 45, TooHot: 45, SwapNearlyFull: 30, MemoryNearlyFull: 30, BufferNearlyFull: 30,
};

/** What is open for longer than this is overdue. */
export const OVERDUE_MS = 86_400_000;

export interface Work {
  rule: string;
  n: number;
  minutes: number;
}

export interface Debt {
  minutes: number;
  n: number;
  /** By kind, what takes longest first. */
  works: Work[];
}

type Open = Pick<Incident, "rule" | "standing" | "since" | "learnt_at">;

export function debtOf(incidents: readonly Open[], now: number): Debt {
  const works = new Map<string, Work>();
  for (const one of incidents) {
    const each = MINUTES[one.rule];
    if (each === undefined || one.standing === "resolved" || now - Date.parse(one.since ?? one.learnt_at) < OVERDUE_MS) continue;
    const own = works.get(one.rule) ?? { rule: one.rule, n: 0, minutes: 0 };
    works.set(one.rule, { rule: one.rule, n: own.n + 1, minutes: own.minutes + each });
  }
  const all = [...works.values()].sort((a, b) => b.minutes - a.minutes || (a.rule < b.rule ? -1 : 1));
  return { minutes: all.reduce((sum, one) => sum + one.minutes, 0), n: all.reduce((sum, one) => sum + one.n, 0), works: all };
}
