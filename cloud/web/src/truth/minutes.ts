// What do minutes come down to: verified up, verified down, and what nobody knows? The three make a whole, always.

export interface SiteMinutes {
  up: number;
  down: number;
  unverified: number;
}

export interface Lapse {
  from: string;
  to: string;
  down: boolean;
}

/** As the hub answers it (`/api/v1/availability`). */
export interface Availability {
  from: string;
  to: string;
  sites: (SiteMinutes & { client: string; site: string; machines: (SiteMinutes & { lapses: Lapse[] })[] })[];
  next_cursor: string | null;
}

/** Both pages of it, which are of the same time. */
export const joined = (one: Availability, next: Availability): Availability => ({ ...one, sites: [...one.sites, ...next.sites] });

export interface Shares {
  up: number;
  down: number;
  unverified: number;
  /** The share of up in what is verified, with no more nines than so many minutes support; none where nothing is verified. */
  available: number | undefined;
}

const added = (all: readonly SiteMinutes[]): SiteMinutes => {
  const sum = (of: keyof SiteMinutes) => all.reduce((total, one) => total + one[of], 0);
  return { up: sum("up"), down: sum("down"), unverified: sum("unverified") };
};

/** Of all of them together; none where there is nothing to tell of. */
export function sharesOf(sites: readonly SiteMinutes[]): Shares | undefined {
  const { up, down, unverified } = added(sites);
  const all = up + down + unverified;
  if (all === 0) return undefined;
  const known = up + down;
  return { up: up / all, down: down / all, unverified: unverified / all, available: known ? Math.floor((1000 * up) / known) / 1000 : undefined };
}

/** Below this a share of a day says nothing: the minutes are told themselves. */
const LITTLE_MS = 3_600_000;

export interface Beginning extends SiteMinutes {
  /** Since when the first of them is watched, as far as this answer goes back. */
  watchedMs: number;
  /** Machines of which nothing was verified at all. */
  never: number;
}

/**
 * What is known where all that is verified is of the last minutes, as at a hub that has just begun; none where there is more.
 * The minutes before a machine was first verified are not its own.
 */
export function beginningOf({ from, to, sites }: Pick<Availability, "from" | "to" | "sites">): Beginning | undefined {
  const [begin, end] = [Date.parse(from), Date.parse(to)];
  const machines = sites.flatMap((site) => site.machines);
  const watched = machines.filter((one) => one.up + one.down > 0);
  if (watched.length === 0) return undefined;
  const beganOf = ({ lapses: [first] }: { lapses: Lapse[] }) => (first && !first.down && Date.parse(first.from) <= begin ? Date.parse(first.to) : begin);
  const began = watched.map(beganOf);
  const watchedMs = end - Math.min(...began);
  if (watchedMs > LITTLE_MS) return undefined;
  const own = added(watched.map((one, at) => ({ ...one, unverified: Math.max(0, one.unverified - ((began[at] ?? begin) - begin) / 60_000) })));
  return { ...own, watchedMs, never: machines.length - watched.length };
}
