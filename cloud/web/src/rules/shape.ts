// What does the hub say of its rules; which of them holds at a place; and what of it is a number that can be another?
import type { Severity, Stamp } from "../api/types.ts";

export interface RuleOrigin {
  source: "default" | "file" | "hub" | "site";
  scope: string;
  client: string | null;
  site: string | null;
  by: string | null;
  at: string | null;
  made_at: Stamp | null;
}

export interface Rule {
  name: string;
  alerting: boolean;
  expr: string;
  for_ms: number;
  keep_firing_for_ms: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  alerts: { labels: Record<string, string>; annotations: Record<string, string>; firing: boolean; active_at: Stamp; value: number; doubt: string | null }[];
  last_error: string | null;
  last_evaluation: Stamp | null;
}

export interface RuleGroup {
  name: string;
  file: string;
  origin: RuleOrigin;
  interval_ms: number;
  rules: Rule[];
}

export interface RuleLevels {
  name: string;
  levels: { scope: string; client: string | null; site: string | null; says: Record<string, string>; by: string; at: string; made_at: Stamp; beside: boolean }[];
  machine: { machine: string; expr: string | null; fault: string | null; values: string[] } | null;
}

/** A rule with the group that it is evaluated in. */
export interface Row {
  rule: Rule;
  group: RuleGroup;
}

export const rowsOf = (groups: readonly RuleGroup[]): Row[] => groups.flatMap((group) => group.rules.map((rule) => ({ rule, group })));

export const severityOf = ({ labels }: Rule): Severity =>
  labels["severity"] === "critical" ? "critical" : labels["severity"] === "warning" ? "warning" : "info";

/** The one that holds at a place: said there, or at the next wider one. */
export function holdsAt(rows: readonly Row[], client: string, site: string): Row | undefined {
  const at = (ofClient: string | null, ofSite: string | null) =>
    rows.find(({ group: { origin } }) => origin.client === ofClient && origin.site === ofSite && isPlace(origin));
  return (site ? at(client, site) : undefined) ?? (client ? at(client, null) : undefined) ?? at(null, null);
}

/** Whether what is said is for a whole place, not for a machine or a tag there. */
export function isPlace({ scope, client, site }: Pick<RuleOrigin, "scope" | "client" | "site">): boolean {
  return scope === "everywhere" || scope === [client, site].filter(Boolean).join("/");
}

const COMPARED = /^(.*\S)\s+(>|<)\s+(-?\d[\d.e+-]*)$/;

export interface Compared {
  left: string;
  sign: ">" | "<";
  threshold: number;
}

/** The one number that an expression compares with in the end; none where there is more to it. */
export function comparedOf(expr: string): Compared | undefined {
  if (/\b(and|or|unless)\b/.test(expr.replace(/"[^"]*"/g, ""))) return undefined;
  const [, left, sign, number] = COMPARED.exec(expr) ?? [];
  const threshold = Number(number);
  if (left === undefined || /[<>]|[!=]=/.test(left.replace(/\{[^}]*\}/g, "")) || !Number.isFinite(threshold)) return undefined;
  return { left, sign: sign as ">" | "<", threshold };
}

/** A number as somebody types it; `90%` is 0.9, as the hub takes it. */
export function quantity(text: string): number | undefined {
  const found = /^\s*(-?\d+(?:[.,]\d+)?)\s*(%?)\s*$/.exec(text);
  if (!found) return undefined;
  const number = Number((found[1] ?? "").replace(",", "."));
  return found[2] ? number / 100 : number;
}
