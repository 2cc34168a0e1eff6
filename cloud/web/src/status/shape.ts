// What does the hub keep of a client's public page, and how does a form show it?
import type { Stamp } from "../api/types.ts";

export type Of = { site: string } | { group: string } | { machines: string[] };

export interface PageSaid {
  client: string;
  title: string;
  on: boolean;
  listed: boolean;
  history: boolean;
  maintenance: boolean;
  components: { name: string; of: Of }[];
}

export const STATES = ["investigating", "identified", "watching", "planned", "over"] as const;
export type NoticeState = (typeof STATES)[number];

export interface Notice {
  id: string;
  title: string;
  language: "en" | "fr" | null;
  components: string[];
  incident: string | null;
  news: { at: Stamp; state: NoticeState; text: string }[];
}

export interface StatusPage {
  slug: string;
  said: PageSaid;
  notices: Notice[];
  made_at: Stamp;
}

/** What anybody reads (`/status/{slug}.json`), as far as it is shown here. */
export type PublicState = "operational" | "maintenance" | "switched_off" | "not_verified" | "disturbed" | "down";
export interface PublicPage {
  as_of: Stamp;
  state: PublicState;
  components: { name: string; state: PublicState; since: Stamp | null }[];
}

export const KINDS = ["site", "group", "machines"] as const;

/** A component while it is written: what was typed for another kind stays until it is saved. */
export interface ComponentDraft {
  name: string;
  kind: (typeof KINDS)[number];
  site: string;
  group: string;
  machines: string[];
}

export interface PageDraft extends Omit<PageSaid, "components"> {
  /** Empty where nobody is to guess it. */
  slug: string;
  components: ComponentDraft[];
}

export const MOST_COMPONENTS = 30;

export const freshComponent = (): ComponentDraft => ({ name: "", kind: "site", site: "", group: "", machines: [] });

/** Off, until somebody says otherwise. */
export const freshPage = (client: string): PageDraft => ({
  slug: "", client, title: "", on: false, listed: false, history: true, maintenance: true, components: [freshComponent()],
});

export function draftOf(slug: string, said: PageSaid): PageDraft {
  const component = ({ name, of }: PageSaid["components"][number]): ComponentDraft => {
    const kind = "site" in of ? "site" : "group" in of ? "group" : "machines";
    return { ...freshComponent(), name, kind, ...of };
  };
  return { ...said, slug, components: said.components.map(component) };
}

export function saidOf({ slug: _, components, ...draft }: PageDraft): PageSaid {
  const of = (one: ComponentDraft): Of =>
    one.kind === "site" ? { site: one.site } : one.kind === "group" ? { group: one.group.trim() } : { machines: one.machines };
  return { ...draft, title: draft.title.trim(), components: components.map((one) => ({ name: one.name.trim(), of: of(one) })) };
}

/** What a component still lacks, or that its name is another one's. */
export function lack(draft: PageDraft, at: number): "name" | "twice" | "of" | undefined {
  const one = draft.components[at];
  if (!one) return undefined;
  const name = one.name.trim();
  if (!name) return "name";
  if (draft.components.findIndex((other) => other.name.trim() === name) < at) return "twice";
  return (one.kind === "machines" ? one.machines.length : one[one.kind].trim().length) ? undefined : "of";
}

/** Whether it can be the end of an address: as the hub reads names. */
export const isAddress = (text: string): boolean => /^[a-z0-9][a-z0-9-]{0,62}$/.test(text);

/** How a state is drawn here. */
export const LOOKS: Record<PublicState, { tone: string; glyph: string }> = {
  operational: { tone: "ok", glyph: "ok" },
  maintenance: { tone: "maintenance", glyph: "maintenance" },
  switched_off: { tone: "stale", glyph: "asleep" },
  not_verified: { tone: "stale", glyph: "stale" },
  disturbed: { tone: "warning", glyph: "warning" },
  down: { tone: "critical", glyph: "critical" },
};
