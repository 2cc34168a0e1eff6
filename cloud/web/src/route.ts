// Which address is which page?

/** The pages and the forms of their addresses. The hub answers these alone; each has its part in `pages.ts`. */
export const routes = {
  home: "/",
  incidents: "/incidents",
  incident: "/incidents/{id}",
  share: "/share",
  machines: "/machines",
  add: "/add",
  machine: "/machines/{id}",
  machineTab: "/machines/{id}/{tab}",
  sites: "/sites",
  site: "/sites/{client}/{site}",
  boards: "/boards",
  board: "/boards/{id}",
  maintenance: "/maintenance",
  statusPages: "/status-pages",
  statusPage: "/status-pages/{slug}",
  audit: "/audit",
  jobs: "/jobs",
  job: "/jobs/{id}",
  rules: "/rules",
  rule: "/rules/{name}",
  channels: "/channels",
  people: "/people",
  devices: "/devices",
} as const;

export type PageName = keyof typeof routes;

export const patterns: readonly string[] = Object.values(routes);

export interface Found {
  page: PageName;
  params: Readonly<Record<string, string>>;
}

/** The page of a path; none where there is none. */
export function find(path: string): Found | undefined {
  for (const [page, pattern] of Object.entries(routes)) {
    const params = match(pattern, path);
    if (params) return { page: page as PageName, params };
  }
  return undefined;
}

/** The path of a page, with its parameters in place. */
export function pathOf(page: PageName, params: Readonly<Record<string, string>> = {}): string {
  return routes[page].replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  const given = path.length > 1 && path.endsWith("/") ? path.slice(0, -1).split("/") : path.split("/");
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const own = given[at] ?? "";
    if (part.startsWith("{")) {
      if (!own) return undefined;
      params[part.slice(1, -1)] = decode(own);
    } else if (part !== own) {
      return undefined;
    }
  }
  return params;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
