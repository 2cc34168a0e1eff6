// What does the hub say of somebody's devices?
import type { Stamp } from "../api/types.ts";

export interface Quiet {
  from: string;
  to: string;
  zone: string;
}

export interface Device {
  id: string;
  name: string;
  made_at: Stamp;
  quiet: Quiet | null;
  gone_at: Stamp | null;
  last_push: { at: Stamp; taken: boolean; said: string; displayed_at: Stamp | null } | null;
  displayed_at: Stamp | null;
  unseen: number;
}

export interface Devices {
  key: string;
  devices: Device[];
}

export interface Tried {
  taken: boolean;
  said: string;
  took_ms: number;
}

/** Messages that were taken and not seen shown, from which on it may be that it rings no more. */
export const MAY_BE_SILENT = 2;
