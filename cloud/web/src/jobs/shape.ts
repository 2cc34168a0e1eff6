// What is a job, as the hub tells it, and what is it called?
import { words } from "../say/words.ts";
import type { Stamp } from "../api/types.ts";
import type { JobTold } from "./told.ts";

export const STATES = ["scheduled", "due", "running", "retrying", "dead", "done", "cancelled"] as const;
export type JobState = (typeof STATES)[number];
export const KINDS = ["backup", "erasure", "export", "mail", "retention"] as const;
export type JobKind = (typeof KINDS)[number];
export type Happened = "asked" | "began" | "failed" | "given_up" | "taken_up" | "cancel_asked" | "cancelled" | "asked_again" | "hastened" | "done" | "removed";

export interface Job {
  id: string; kind: JobKind; state: JobState; since: Stamp; priority: "urgent" | "usual" | "low"; client: string | null; what: string; by: string; made_at: Stamp; next_at: Stamp | null;
  tries: number; most_tries: number | null; stopping: boolean; said: string | null; told: JobTold; file: { name: string; bytes: number; samples: number; until: Stamp } | null; may_cancel: boolean; may_retry: boolean;
}
export interface JobWhole extends Job { log: { at: Stamp; what: Happened; by: string | null; text: string; told: JobTold }[]; left_out: number }
/** What waits beside the jobs: messages by a channel, or events for a webhook. */
export interface Queue { of: "notification" | "webhook"; id: string; what: string; client: string | null; waiting: number; dead: number; failures: number; failing: string | null; failing_since: Stamp | null; next_at: Stamp | null }
export interface JobList { jobs: Job[]; counts: Record<JobState, number>; queues: Queue[]; total: number; next_cursor: string | null }

const say = words(
  {
    backup: "Backup", erasure: "Erasing a client", export: "Export", mail: "Letter", retention: "Letting go of what is old",
    scheduled: "planned", due: "waits for its turn", running: "under way", retrying: "is tried again", dead: "given up", done: "done", cancelled: "called off", stopping: "is being called off",
  },
  {
    backup: "Sauvegarde", erasure: "Effacement d’un client", export: "Export", mail: "Lettre", retention: "Suppression de l’ancien",
    scheduled: "prévu", due: "attend son tour", running: "en cours", retrying: "nouvel essai prévu", dead: "abandonné", done: "fait", cancelled: "annulé", stopping: "en cours d’annulation",
  },
);
export const kindName = (kind: JobKind): string => say(kind);
export const stateName = (state: JobState, stopping = false): string => say(stopping ? "stopping" : state);

/** The glyph and the tone of a state: what waits to be looked at is the one that is loud. */
export const GLYPH: Record<JobState, string> = { scheduled: "asleep", due: "late", running: "info", retrying: "warning", dead: "critical", done: "ok", cancelled: "retired" };
export const TONE: Record<JobState, string> = { scheduled: "stale", due: "pending", running: "pending", retrying: "warning", dead: "critical", done: "ok", cancelled: "stale" };
