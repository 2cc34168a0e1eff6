// How do the pages stand without a line: which files make them, and from where is each had?

/** What the build knows of itself. */
export interface Shell {
  /** Another one for each build. */
  version: string;
  /** All that the pages may load, the shell itself included. */
  files: readonly string[];
}

/** The page that is every page. */
export const SHELL = "/shell.html";
/** A hub that has not answered by then is as good as out of reach: what is here is shown, and says that it is a copy. */
export const PATIENCE_MS = 3000;

const PREFIX = "vigie-shell-";
export const nameOf = (version: string): string => PREFIX + version;

/** Of the caches that are here, those that no page needs: of our own and one before, which pages may still be open of, all others. */
export function outdated(names: readonly string[], version: string): string[] {
  const others = names.filter((name) => name.startsWith(PREFIX) && name !== nameOf(version));
  return others.slice(0, -1);
}

/** Files whose names bear what is in them: what an earlier version had is not asked for again. */
export const isHashed = (path: string): boolean => path.startsWith("/assets/");

/** From where something is had. */
export type Way =
  /** From here, and from the hub what is not here. */
  | "here"
  /** From the hub, and what is here if it does not answer. */
  | "hub"
  /** It is no business of the worker's. */
  | "past"
  /** Somebody may sign in, or be another one after it. */
  | "door"
  /** Somebody signs out. */
  | "out";

export interface Asked {
  method: string;
  /** Somebody goes there with the browser, and no page asks for it. */
  navigates: boolean;
  path: string;
}

export function wayOf({ method, navigates, path }: Asked, shell: Shell, isPage: (path: string) => boolean): Way {
  if (path === "/sign-out" && method === "POST") return "out";
  if (navigates) return method === "GET" && isPage(path) ? "hub" : "door";
  return method === "GET" && shell.files.includes(path) ? "here" : "past";
}
