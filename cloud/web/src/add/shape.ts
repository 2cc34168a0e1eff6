// Who is let in to join, and how far are they? As the hub answers it.
import type { Origin, Reach, Stamp } from "../api/types.ts";

export interface Joined {
  id: string;
  name: string;
  role: "agent" | "relay" | "hub";
  at: Stamp;
  reachability: Reach | null;
  last_sample: Origin | null;
}

export interface Enrolment {
  id: string;
  client: string;
  site: string;
  roles: ("agent" | "relay" | "hub")[];
  state: "valid" | "used_up" | "expired" | "revoked";
  uses_left: number;
  by: string;
  made_at: Stamp;
  expires_at: Stamp;
  fetched: { at: Stamp; from: string } | null;
  refused: { at: Stamp; from: string; name: string; why: string } | null;
  joined_count: number;
  /** In the list the last five of them. */
  joined: Joined[];
}

export interface JoinCommand {
  role: "agent" | "relay" | "hub";
  through: "hub" | "relay";
  from: string;
  command: string;
}

export interface Made extends Enrolment {
  token: string;
  commands: JoinCommand[];
}

export interface Enrolments {
  enrolments: Enrolment[];
  total: number;
  programs: { platform: string; bytes: number; sha256: string }[];
}
