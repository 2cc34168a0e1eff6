// What does the hub answer? The parts of its own description (`/api/v1/openapi.json`) that the pages use.

export type Stamp = string;
export type Health = "ok" | "warning" | "critical" | "unknown";
export type Reachability = "live" | "late" | "silent" | "cut" | "asleep" | "unseen" | "retired";
export type Shown =
  | "retired" | "asleep" | "ok" | "heard" | "unknown" | "late" | "stale" | "silent" | "warning" | "critical";
export type Severity = "info" | "warning" | "critical";

export interface Reach {
  state: Reachability;
  since: Stamp | null;
}

export interface Amount {
  ticks: number;
  samples: number | null;
  estimated: boolean;
}

export interface Origin {
  observed_at: Stamp;
  learnt_at: Stamp;
  path: string[];
  verified: boolean;
}

export interface Fact<T> extends Origin {
  value: T;
}

export interface Drain {
  ticks_per_second: number;
  done_in_seconds: number | null;
}

export interface GivenUp {
  reason: string;
  ticks: number;
  samples: number | null;
}

export interface LedgerSummary {
  collected: Amount;
  at_relay: Amount | null;
  at_hub: Amount | null;
  expired: Amount | null;
  folded: Amount | null;
  thinned: Amount | null;
  waiting: Amount;
  given_up: GivenUp[];
  duplicates: number;
}

export interface Machine {
  id: string;
  name: string;
  client: string;
  site: string;
  /** What people call it; a copy that was kept by an older page has none. */
  tags?: string[];
  groups?: string[];
  health: Health;
  reachability: Reach;
  interval_ms: number;
  last_sample: Origin | null;
  cpu: Fact<number> | null;
  memory: Fact<number> | null;
  clock: { ahead_ms: number; source: string; corrected: boolean } | null;
  ledger: LedgerSummary;
  drain: Drain | null;
  status: { shown: Shown; was: Health };
}

/** What a machine is called. */
export interface Mark {
  tags: readonly string[];
  groups: readonly string[];
}

/** Tags and groups, and how many machines have each. */
export interface MarkWords {
  tags: { name: string; machines: number }[];
  groups: { name: string; machines: number }[];
}

export interface Machines {
  machines: Machine[];
  total: number;
  next_cursor: string | null;
}

export interface Link {
  connected: boolean;
  since: Stamp | null;
  last_heard: Stamp | null;
  round_trip_ms: number | null;
}

export interface Site {
  name: string;
  client: string;
  relays: { id: string; name: string; link: Link; page: { is_open: boolean; urls: string[]; name_url: string | null; told_at: string } | null }[];
  reachability: Reach;
  machines: number;
  waiting: Amount;
  drain: Drain | null;
}

/** Who may sign in at a site's own page. */
export interface LetInAt {
  name: string;
  may: "look" | "decide";
  from: string;
  until: string;
  state: "valid" | "expired" | "revoked";
}

export interface LetIn {
  people: LetInAt[];
}

/** The passphrase is shown this once. */
export interface LetInNow {
  person: LetInAt;
  passphrase: string;
}

export interface Sites {
  sites: Site[];
  total: number;
  next_cursor: string | null;
}

export type Standing = "firing" | "acknowledged" | "snoozed" | "resolved";
export type Reached = "queued" | "site" | "everywhere";

export interface Word {
  id?: string;
  by: string;
  at: string;
  happened_at: Stamp;
  learnt_at: Stamp | null;
  text: string;
}

export interface Escalation {
  route: string;
  step: number;
  of: number;
  whom: string[];
  at: Stamp | null;
  paused: boolean;
}

/** Who was told of an incident by this hub, and how telling stands. */
export interface ToldOf {
  messages: MessageOf[];
  earlier: number;
  routes: RouteOf[];
  known_since: Stamp | null;
}

export interface MessageOf {
  id: string;
  state: "waiting" | "sent" | "dead";
  kind: string;
  route: string;
  channel: string;
  to: string | null;
  at: Stamp;
  tries: number;
  said: string | null;
  displayed_at: Stamp | null;
}

export interface RouteOf {
  route: string;
  standing: "told" | "elsewhere" | "known" | "muted" | "behind_cut" | "held" | "waits" | "nothing";
  until: Stamp | null;
}

export interface Incident {
  id: string;
  standing: Standing;
  rule: string;
  severity: Severity;
  summary: string;
  client: string | null;
  site: string | null;
  machine: string | null;
  machine_id: string | null;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  value: number | null;
  doubt: string | null;
  began: Stamp | null;
  since: Stamp | null;
  ended: Stamp | null;
  times: number;
  /** The times before this one; in lists of the cuts of sites alone. */
  past?: { since: Stamp; ended: Stamp }[] | undefined;
  learnt_at: Stamp;
  judge: { node: string; name: string } | null;
  contradicted: boolean;
  acknowledgements: Word[];
  assignments: Word[];
  snoozed_until: Stamp | null;
  closings: Word[];
  comments: Word[];
  muted_by: string[];
  reached: Reached;
  escalations?: Escalation[];
}

export interface Cut {
  id: string;
  client: string;
  site: string;
  from: Stamp;
  to: Stamp;
  began: number;
  ended: number;
  open: number;
  known_by: string[];
  incidents: string[];
}

export interface Incidents {
  incidents: Incident[];
  cuts: Cut[];
  changes: number;
  total: number;
  next_cursor: string | null;
}

/** What somebody showed of an incident, without itself. */
export interface Photo {
  id: string;
  by: string;
  happened_at: string;
  learnt_at: string;
  kind: "image/jpeg" | "image/png" | "image/webp";
  bytes: number;
}

export interface Photos {
  photos: Photo[];
}

export type Right =
  | "look" | "decide" | "mute" | "fetch" | "push" | "tokens" | "tell" | "people" | "roles" | "audit" | "keep" | "quota" | "node" | "act" | "enrol" | "tag";

export interface Me {
  name: string;
  /** Each right with the scopes where it holds. */
  may: Partial<Record<Right, string[]>>;
  must_change_password?: boolean;
  /** Not there for who came with a token. */
  person?: { id: string; name: string } | null;
  /** Who looks in this browser, where that is somebody else. */
  seeing?: { by: string; until_at: Stamp; acts: boolean };
}

export interface Here {
  role: "hub" | "relay" | "agent";
  name: string;
  version: string;
  you: string;
  clients: string[] | null;
  /** Whether there is a demonstration that they see. */
  demonstration: boolean;
}

/** A fact of what a machine is, which stays as it is until it changes. */
export interface Kept<T> {
  value: T;
  observed_at: Stamp;
  learnt_at: Stamp;
}

export interface Inventory {
  system: Kept<{
    host: string | null; os: string | null; os_version: string | null; kernel: string | null; arch: string; cpu: string | null;
    cpus: number | null; memory_bytes: number | null; form: string | Record<string, string | null>; product: string | null; hardware_id: string | null;
  }> | null;
  disks: Kept<{ name: string; model: string | null; size_bytes: number; rotational: boolean | null }[]> | null;
  nics: Kept<{ name: string; mac: string | null; addresses: string[] }[]> | null;
  agent: Kept<{ version: string; began: Stamp }> | null;
}

export interface MachineWhole extends Machine {
  facts: Inventory;
}

export interface Hole {
  stream: string;
  kind: "waiting" | "absent" | "folded" | "lost";
  reason: string | null;
  first: number | null;
  last: number | null;
  amount: Amount;
  from: Stamp | null;
  until: Stamp | null;
}

export interface Ledger {
  machine: string;
  as_of: Stamp;
  total: LedgerSummary;
  streams: (LedgerSummary & { stream: string; last_seq: number; folded_by: string[] })[];
  holes: Hole[];
}
