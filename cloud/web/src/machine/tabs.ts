// Which tabs has a machine? Each is loaded when it is first opened; one without data is not shown.
import type { Component } from "svelte";
import type { MachineWhole } from "../api/types.ts";
import { words } from "../say/words.ts";

export interface TabProps {
  machine: MachineWhole;
}

export interface Tab {
  name: string;
  title: () => string;
  load: () => Promise<{ default: Component<TabProps> }>;
}

const say = words(
  { overview: "Overview", metrics: "Metrics", hardware: "Hardware", alerts: "Alerts", data: "Where its data is" },
  { overview: "Aperçu", metrics: "Mesures", hardware: "Matériel", alerts: "Alertes", data: "Où sont ses données" },
);

const TABS: readonly (Tab & { has: (machine: MachineWhole) => boolean })[] = [
  { name: "overview", title: () => say("overview"), load: () => import("./Overview.svelte"), has: () => true },
  { name: "metrics", title: () => say("metrics"), load: () => import("./Metrics.svelte"), has: ({ last_sample }) => last_sample !== null },
  { name: "hardware", title: () => say("hardware"), load: () => import("./Hardware.svelte"), has: ({ facts }) => Object.values(facts).some((fact) => fact !== null) },
  { name: "alerts", title: () => say("alerts"), load: () => import("./Alerts.svelte"), has: () => true },
  { name: "data", title: () => say("data"), load: () => import("./Data.svelte"), has: ({ ledger }) => ledger.collected.ticks > 0 },
];

export const tabsOf = (machine: MachineWhole): readonly Tab[] => TABS.filter((tab) => tab.has(machine));
