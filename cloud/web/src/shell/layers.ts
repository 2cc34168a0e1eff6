// What lies over the page, once somebody opens it. The first screen does not wait for it; soon after it is here, for the line may be
// gone by then.
import type { Component } from "svelte";

export type LayerView = Component<{ onclose: () => void }>;
export type Layer = () => Promise<{ default: LayerView }>;

export const palette: Layer = () => import("./Palette.svelte");
export const help: Layer = () => import("./Help.svelte");
export const way: Layer = () => import("./LinkPanel.svelte");
export const menu: Layer = () => import("./Menu.svelte");

/** Has them here before they are opened. */
export function fetchLayers(): void {
  for (const load of [palette, help, way, menu]) load().catch(() => undefined);
}
