// What do minutes come down to: verified up, verified down, and what nobody knows? The three make a whole, always.

export interface SiteMinutes {
  up: number;
  down: number;
  unverified: number;
}

export interface Shares {
  up: number;
  down: number;
  unverified: number;
  /** The share of up in what is verified, with no more nines than so many minutes support; none where nothing is verified. */
  available: number | undefined;
}

/** Of all of them together; none where there is nothing to tell of. */
export function sharesOf(sites: readonly SiteMinutes[]): Shares | undefined {
  const sum = (of: keyof SiteMinutes) => sites.reduce((all, site) => all + site[of], 0);
  const [up, down, unverified] = [sum("up"), sum("down"), sum("unverified")];
  const all = up + down + unverified;
  if (all === 0) return undefined;
  const known = up + down;
  return { up: up / all, down: down / all, unverified: unverified / all, available: known ? Math.floor((1000 * up) / known) / 1000 : undefined };
}
