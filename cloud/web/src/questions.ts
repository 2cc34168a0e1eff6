// What pages ask in the scope that is chosen, where it is asked before they stand: the same words here and there.
import { scope } from "./scope.svelte.ts";

export const machineColumns = (): string => `/api/v1/machines/columns?q=${encodeURIComponent(scope.terms)}`;
export const openIncidents = (): string => `/api/v1/incidents?limit=1000${scope.params}`;
export const sitesInScope = (): string => `/api/v1/sites?q=${encodeURIComponent(scope.terms)}`;
