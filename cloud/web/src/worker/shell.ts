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
/** Where another app hands over what is shared, as the manifests say. */
export const SHARE = "/share";
/** What the hub draws by itself, to be printed. */
const STICKER = /^\/sites\/[^/]+\/[^/]+\/sticker$/;
/** A hub that has not answered by then is as good as out of reach: what is here is shown, and says that it is a copy. */
export const PATIENCE_MS = 3000;

const PREFIX = "vigie-shell-";
export const nameOf = (version: string): string => PREFIX + version;

/** Where it is written down which versions were current: a cache of its own, with one thing in it. */
export const TURNS = "vigie-turns";
/** Versions that were the current one, the last first, as the worker has written them down. */
export type Turns = readonly string[];
/** Our own and two before it: a page may be open of the version before, and one of that which a choice of language replaced. */
const KEPT = 3;

/**
 * The versions to keep once this one is current. Where nothing was written down yet, those that are here stand for it: the one that
 * was made last was current last.
 */
export function turnsOf(written: Turns, names: readonly string[], version: string): Turns {
  const here = names.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
  const before = written.length ? written : here.reverse();
  return [version, ...before.filter((one) => one !== version)].slice(0, KEPT);
}

/** Of the caches that are here, those of versions that no page needs any more. */
export function outdated(names: readonly string[], turns: Turns): string[] {
  return names.filter((name) => name.startsWith(PREFIX) && !turns.some((version) => nameOf(version) === name));
}

/** Files whose names bear what is in them: what an earlier version had is not asked for again. */
export const isHashed = (path: string): boolean => path.startsWith("/assets/");

/** Whether a page is the shell of these files: while they were fetched, the hub may have become another one, or the language. */
export function isOurs(page: string, { files }: Shell): boolean {
  const loads = [...page.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path = ""]) => path);
  return loads.length > 0 && loads.every((path) => files.includes(path));
}

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
  | "out"
  /** Another app hands something over. */
  | "share";

export interface Asked {
  method: string;
  /** Somebody goes there with the browser, and no page asks for it. */
  navigates: boolean;
  path: string;
}

export function wayOf({ method, navigates, path }: Asked, shell: Shell, isPage: (path: string) => boolean): Way {
  if (path === "/sign-out" && method === "POST") return "out";
  if (path === SHARE && method === "POST" && navigates) return "share";
  // The hub draws it for who is in already: nobody becomes another one there.
  if (navigates && method === "GET" && STICKER.test(path)) return "past";
  if (navigates) return method === "GET" && isPage(path) ? "hub" : "door";
  // A page of the version before goes on with its own parts, which the hub does not have any more.
  return method === "GET" && (shell.files.includes(path) || isHashed(path)) ? "here" : "past";
}
