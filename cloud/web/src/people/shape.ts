// What does the hub say of people, and how is what they may written in a line?
import type { Right, Stamp } from "../api/types.ts";
import { colon } from "../say/number.ts";
import { rightText, roleText } from "./rights.ts";

export interface Grant {
  role: string;
  scope: string;
}

export interface Person {
  id: string;
  email: string;
  name: string;
  grants: Grant[];
  disabled: boolean;
  password: boolean;
  totp: boolean;
  sign_ins: string[];
  made_at: Stamp;
  seen_at: Stamp | null;
  version: number;
}

export interface Invitation {
  id: string;
  email: string;
  name: string;
  grants: Grant[];
  reset: boolean;
  until_at: Stamp;
}

export interface Token {
  id: string;
  name: string;
  maker: string | null;
  may: Partial<Record<Right, string[]>>;
  state: string;
  made_at: Stamp;
  until_at: Stamp;
  used_at: Stamp | null;
}

export interface Session {
  id: string;
  person: string;
  agent: string;
  from: string;
  own: boolean;
  opened_at: Stamp;
  used_at: Stamp;
}

export interface Role {
  name: string;
  rights: Right[];
}

/** What a role may hold in: everything, a client, a site. */
export function placesOf(sites: readonly { client: string; name: string }[]): string[] {
  return ["*", ...new Set(sites.map((one) => one.client)), ...sites.map((one) => `${one.client}/${one.name}`)].sort();
}

export interface QuotaUse {
  of: "machines" | "users" | "series" | "samples_per_second" | "storage_bytes";
  used: number | null;
  most: number | null;
  state: "free" | "well" | "near" | "used";
}

export interface Quota {
  client: string;
  uses: QuotaUse[];
  counted_at: Stamp | null;
}

/** What is kept of a client that is worth a line, in the order in which it is read. */
export const THINGS = ["machines", "relays", "sites", "samples", "bytes", "series", "incidents", "decisions", "maintenance", "rules", "routes", "schedules", "access", "people", "people_elsewhere", "invitations", "tokens", "enrolments", "boards", "webhooks", "messages", "jobs", "audit_lines"] as const;

export type Holdings = Partial<Record<(typeof THINGS)[number], number>>;

/** What went of a client, and what was found after. */
export interface Receipt {
  id: string;
  state: "begun" | "deleting" | "done";
  left: Record<string, number> | null;
}

/** Whether anything was found after all was deleted; not known counts as found. */
export const anyLeft = (left: Receipt["left"]): boolean => left === null || Object.values(left).some((count) => count > 0);

/** `operator: acme/lyon, acme/brest · observer: *`, a role once. */
export function grantsText(grants: readonly Grant[]): string {
  const all = new Map<string, string[]>();
  for (const { role, scope } of grants) all.set(role, [...(all.get(role) ?? []), scope]);
  return [...all].map(([role, scopes]) => `${roleText(role)}${colon()} ${scopes.join(", ")}`).join(" · ");
}

/** The same of rights: those that hold at the same places stand together. */
export function powersText(may: Partial<Record<Right, string[]>>): string {
  const all = new Map<string, string[]>();
  for (const [right, scopes] of Object.entries(may)) {
    const place = scopes.join(", ");
    all.set(place, [...(all.get(place) ?? []), rightText(right)]);
  }
  return [...all].map(([place, rights]) => `${rights.join(", ")}${colon()} ${place}`).join(" · ");
}

// Browsers say of themselves that they are others as well: whoever is named first here is meant.
const BROWSERS = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["FxiOS/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]] as const;
const SYSTEMS = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS X", "macOS"], ["Linux", "Linux"]] as const;

/** A browser and a system, out of what it says of itself, as the hub says it on one's own page; all of it where they are not known. */
export function agentText(agent: string): string {
  const named = (all: readonly (readonly [string, string])[]) => all.find(([sign]) => agent.includes(sign))?.[1];
  const browser = named(BROWSERS);
  return browser ? [browser, named(SYSTEMS)].filter(Boolean).join(", ") : agent;
}
