// Which pages are there, what are they called, and where do they stand in the navigation?
//
// Each is loaded when it is first gone to. A page is in the navigation when it has a `nav`.
import type { Component } from "svelte";
import type { PageName } from "./route.ts";
import { machineColumns, openIncidents, sitesInScope } from "./questions.ts";
import { words } from "./say/words.ts";
import type { Right } from "./api/types.ts";

const say = words(
  {
    home: "Home", incidents: "Incidents", incident: "Incident", share: "Note on an incident", machines: "Machines", machine: "Machine", add: "Add a machine",
    sites: "Sites", site: "Site", boards: "Boards", board: "Board", maintenance: "Maintenance", statusPages: "Status pages", statusPage: "Status page", audit: "Audit", jobs: "Jobs", job: "Job", rules: "Rules", rule: "Rule", channels: "Channels", people: "Organisation", devices: "Devices",
    observe: "Observe", act: "Act", prove: "Prove", settings: "Settings",
  },
  {
    home: "Accueil", incidents: "Incidents", incident: "Incident", share: "Note sur un incident", machines: "Machines", machine: "Machine", add: "Ajouter une machine",
    sites: "Sites", site: "Site", boards: "Tableaux", board: "Tableau", maintenance: "Maintenance", statusPages: "Pages d’état", statusPage: "Page d’état", audit: "Audit", jobs: "Tâches", job: "Tâche", rules: "Règles", rule: "Règle", channels: "Canaux", people: "Organisation", devices: "Appareils",
    observe: "Observer", act: "Agir", prove: "Prouver", settings: "Réglages",
  },
);

export type Group = "observe" | "act" | "prove" | "settings";
export const groups: readonly Group[] = ["observe", "act", "prove", "settings"];
export const groupName = (group: Group): string => say(group);

/** What a page is given: the parameters of its address. */
export interface PageProps {
  params: Readonly<Record<string, string>>;
}

/** A page that does not ask for what it is given is one, too. */
export type PageView = Component<PageProps> | Component<Record<string, never>>;

export interface PageEntry {
  load: () => Promise<{ default: PageView }>;
  title: () => string;
  /** What it asks first, word for word: asked for while its code is on its way. */
  asks?: () => readonly string[];
  nav?: {
    group: Group;
    /** The drawing of its icon, on a field of 16 by 16. */
    icon: string;
    /** The key behind `g`. */
    key?: string;
    /** In the bar at the bottom of a telephone. */
    bottom?: boolean;
    /** Whose right somewhere it takes to be of use. */
    right?: Right;
  };
  /** Found by its name, for who has this right somewhere, though it is not in the navigation. */
  findable?: Right;
  /** The entry of the navigation that is lit on this page. */
  below?: PageName;
}

export const pages: Record<PageName, PageEntry> = {
  home: {
    load: () => import("./pages/Home.svelte"),
    title: () => say("home"),
    asks: () => [openIncidents(), sitesInScope()],
    nav: { group: "observe", icon: "M2 7.5 8 2.5l6 5M3.5 7v6.5h9V7M6.5 13.5v-4h3v4", key: "h", bottom: true },
  },
  incidents: {
    load: () => import("./pages/Incidents.svelte"),
    title: () => say("incidents"),
    nav: { group: "observe", icon: "M8 2.2 14.6 13.8H1.4zM8 6.5V10M8 11.7v.4", key: "i", bottom: true },
  },
  incident: { load: () => import("./pages/Incident.svelte"), title: () => say("incident"), below: "incidents" },
  share: { load: () => import("./pages/Share.svelte"), title: () => say("share"), below: "incidents" },
  machines: {
    load: () => import("./pages/Machines.svelte"),
    title: () => say("machines"),
    asks: () => [machineColumns()],
    nav: { group: "observe", icon: "M2 3h12v4H2zM2 9h12v4H2zM4.5 5h.01M4.5 11h.01", key: "m", bottom: true },
  },
  add: { load: () => import("./pages/Add.svelte"), title: () => say("add"), findable: "enrol", below: "machines" },
  machine: { load: () => import("./pages/Machine.svelte"), title: () => say("machine"), below: "machines" },
  machineTab: { load: () => import("./pages/Machine.svelte"), title: () => say("machine"), below: "machines" },
  sites: {
    load: () => import("./pages/Sites.svelte"),
    title: () => say("sites"),
    nav: { group: "observe", icon: "M8 14s4.5-4.2 4.5-7.5a4.5 4.5 0 0 0-9 0C3.5 9.8 8 14 8 14zM8 8.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4z", key: "s", bottom: true },
  },
  site: { load: () => import("./pages/Site.svelte"), title: () => say("site"), below: "sites" },
  boards: {
    load: () => import("./pages/Boards.svelte"),
    title: () => say("boards"),
    nav: { group: "observe", icon: "M2 2.5h5v6H2zM9 2.5h5v3H9zM2 10.5h5v3H2zM9 7.5h5v6H9z", key: "b" },
  },
  board: { load: () => import("./pages/Board.svelte"), title: () => say("board"), below: "boards" },
  maintenance: {
    load: () => import("./pages/Maintenance.svelte"),
    title: () => say("maintenance"),
    nav: { group: "act", icon: "M8 1.5 14.5 8 8 14.5 1.5 8z", key: "w" },
  },
  statusPages: {
    load: () => import("./pages/StatusPages.svelte"),
    title: () => say("statusPages"),
    nav: { group: "prove", icon: "M1.5 3h13v8h-13zM5.5 14h5M8 11v3M4 8.5V7M6.7 8.5V5.5M9.3 8.5v-2M12 8.5v-3", key: "p", right: "tell" },
  },
  statusPage: { load: () => import("./pages/StatusPage.svelte"), title: () => say("statusPage"), below: "statusPages" },
  audit: {
    load: () => import("./pages/Audit.svelte"),
    title: () => say("audit"),
    nav: { group: "prove", icon: "M4 1.5h6l3 3v10H4zM10 1.5v3h3M6 8h5M6 11h5", key: "a", right: "audit" },
  },
  jobs: {
    load: () => import("./pages/Jobs.svelte"),
    title: () => say("jobs"),
    nav: { group: "settings", icon: "M2 3.5h8M2 8h8M2 12.5h5M12.5 2v6M10.5 6l2 2 2-2M10 12.5h4", key: "j" },
  },
  job: { load: () => import("./pages/Job.svelte"), title: () => say("job"), below: "jobs" },
  rules: {
    load: () => import("./pages/Rules.svelte"),
    title: () => say("rules"),
    nav: { group: "settings", icon: "M2 4.5h7M13 4.5h1M2 11.5h1M7 11.5h7M11 2.5v4M5 9.5v4", key: "r" },
  },
  rule: { load: () => import("./pages/Rule.svelte"), title: () => say("rule"), below: "rules" },
  channels: {
    load: () => import("./pages/Channels.svelte"),
    title: () => say("channels"),
    nav: { group: "settings", icon: "M3 11.5h10l-1.3-2V6.5a3.7 3.7 0 0 0-7.4 0v3zM6.5 13.5h3", key: "c" },
  },
  people: {
    load: () => import("./pages/People.svelte"),
    title: () => say("people"),
    nav: { group: "settings", icon: "M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M11 7.5a2 2 0 1 0 0-4M12 9.8c1.6.4 2.5 1.7 2.5 3.7", key: "o" },
  },
  devices: {
    load: () => import("./pages/Devices.svelte"),
    title: () => say("devices"),
    nav: { group: "settings", icon: "M5 1.5h6v13H5zM7 12.5h2", key: "d" },
  },
};
