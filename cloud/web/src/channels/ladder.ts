// Who is told when? The steps of a route, as a line of time from the first message on.
import type { Severity, Stamp } from "../api/types.ts";
import { words } from "../say/words.ts";

const say = words({ everywhere: "all clients", node: "this hub" }, { everywhere: "tous les clients", node: "ce hub" });

/** For whom something is said, in the reader's language. */
export function placeText({ scope, client, site }: { scope: string; client: string | null; site: string | null }): string {
  if (scope === "everywhere") return say("everywhere");
  return scope === "this node" ? say("node") : [client, site].filter(Boolean).join(" / ") || scope;
}

export interface Route {
  name: string;
  source: string;
  scope: string;
  client: string | null;
  site: string | null;
  channels: string[];
  unknown_channels: string[];
  severity: Severity | null;
  always: boolean;
  used: boolean;
  why: string | null;
  by: string | null;
  made_at: Stamp | null;
}

/** The fields of a route as somebody said them, as far as they are drawn. */
export interface RouteFields {
  channels?: string[];
  wait_s?: number;
  repeat_s?: number;
  repeat_steps?: number;
  step?: { after_s: number; channels?: string[]; on_call?: string[] }[];
}

export interface Step {
  /** Seconds from when the incident is told first. */
  after: number;
  channels: string[];
  onCall: string[];
  /** Where it stands on the line, 0 to 1. */
  at: number;
}

/** The steps from the first message on, in the order of time. */
export function ladderOf(route: Pick<Route, "channels">, fields: RouteFields | undefined): Step[] {
  const first = { after: 0, channels: fields?.channels ?? route.channels, onCall: [] as string[] };
  const later = (fields?.step ?? []).map((step) => ({ after: step.after_s, channels: step.channels ?? [], onCall: step.on_call ?? [] }));
  const all = [first, ...later].sort((a, b) => a.after - b.after);
  // Steps stand by their order, not by their seconds: 0, 5 and 240 minutes are all to be read.
  return all.map((step, at) => ({ ...step, at: all.length === 1 ? 0 : at / (all.length - 1) }));
}

export interface OnCallNow {
  name: string;
  until: Stamp;
  stands_in: boolean;
}

export interface Schedule {
  name: string;
  scope: string;
  client: string | null;
  site: string | null;
  on_call: OnCallNow | null;
  next: OnCallNow | null;
  why: string | null;
  by: string;
  made_at: Stamp;
}

export interface Tried {
  route: string;
  delivered: boolean;
  receivers: Receiver[];
}

export interface Receiver {
  channel: string;
  kind: string;
  to: string;
  delivered: boolean;
  said: string;
  took_ms: number;
  /** Of a chat, whether people can answer from there, and why not: a sentence of the hub. */
  two_way: string | null;
}

export type Answers = { can: true } | { can: false; isSetUp: boolean; why: string };

const ANSWERS = "people answer from there";
const NO_ANSWERS = "people can not answer from there: ";
const NOT_SET_UP = "it has no [channel.two_way]";

/** Whether people can answer from where they were told. Only what the hub says so in its very words is taken for a yes. */
export function answersOf({ two_way: said }: Pick<Receiver, "two_way">): Answers | undefined {
  if (said === null || said === undefined) return undefined;
  if (said === ANSWERS) return { can: true };
  const why = said.startsWith(NO_ANSWERS) ? said.slice(NO_ANSWERS.length) : said;
  return { can: false, isSetUp: why !== NOT_SET_UP, why };
}

export interface Message {
  id: string;
  key: string;
  at: Stamp;
  channel: string;
  route: string;
  subject: string;
  to: string;
  said: string;
  tries: number;
}

export interface Telling {
  routes: number;
  always: string[];
  waiting: Message[];
  sent: Message[];
  dead: Message[];
}
