// A route, as somebody writes it: all that the hub keeps of it, with what it means where nothing is said.
import type { Window } from "../form/Hours.svelte";
import type { Severity } from "../api/types.ts";

export interface RouteDraft {
  name: string;
  client: string;
  site: string;
  channels: string[];
  severity: Severity;
  zone: string;
  hours: Window[];
  quiet: Window[];
  quiet_passes: Severity;
  wait_s: number;
  interval_s: number;
  repeat_s: number;
  tells_ended: boolean;
  always: boolean;
  language: string;
  step: { after_s: number; channels: string[]; on_call: string[] }[];
  repeat_steps: number;
  /** What this form does not show, kept as it was: labels, grouping. */
  rest: Record<string, unknown>;
}

export const freshRoute = (zone: string, language: string): RouteDraft => ({
  name: "", client: "", site: "", channels: [], severity: "warning", zone, hours: [], quiet: [], quiet_passes: "critical", wait_s: 30, interval_s: 300, repeat_s: 14_400, tells_ended: true, always: false, language, step: [], repeat_steps: 0, rest: {},
});

type Said = Partial<Omit<RouteDraft, "rest" | "client" | "site" | "step">> & { step?: { after_s: number; channels?: string[]; on_call?: string[] }[] };

/** What is said, as the form shows it. */
export function draftOf(name: string, client: string | null, site: string | null, said: Record<string, unknown>): RouteDraft {
  const fresh = freshRoute("UTC", "en");
  const known = said as Said;
  const { name: _, step = [], ...shown } = Object.fromEntries(Object.entries(known).filter(([key]) => key in fresh)) as Said;
  const rest = Object.fromEntries(Object.entries(said).filter(([key]) => !(key in fresh)));
  const steps = step.map((one) => ({ after_s: one.after_s, channels: one.channels ?? [], on_call: one.on_call ?? [] }));
  return { ...fresh, ...shown, name, client: client ?? "", site: site ?? "", step: steps, rest };
}

/** What the hub is sent. */
export function saidOf(draft: RouteDraft): Record<string, unknown> {
  const { client: _, site: __, rest, step, ...said } = draft;
  const steps = [...step].sort((a, b) => a.after_s - b.after_s);
  return { ...rest, ...said, name: draft.name.trim(), step: steps };
}

export function pathOf(below: "routes" | "oncall", name: string, client: string | null, site: string | null, more = ""): string {
  const query = new URLSearchParams({ ...(client ? { client } : {}), ...(client && site ? { site } : {}) }).toString();
  return `/api/v1/${below}/${encodeURIComponent(name.trim())}${more}${query ? `?${query}` : ""}`;
}
