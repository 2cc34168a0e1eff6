// What does a push say, and what is shown of it?
//
// Its shape is that of declarative web push, so that a browser may show it without any code of ours; ours reads the same.

/** As the hub sends it. `vigie` is our own. */
export interface Pushed {
  title: string;
  body: string;
  /** Where a tap leads. */
  navigate: string;
  tag?: string;
  lang?: string;
  critical: boolean;
  /** Which alert it tells of, where it is one. */
  alert?: string;
  /** What somebody may decide right there. */
  actions: { action: string; title: string }[];
  /** Says, once, to the hub that it was shown. */
  receipt?: string;
}

/** Nothing may come that shows nothing: browsers take a permission back from who pushes in silence. */
const NOTHING: Pushed = { title: "Vigie", body: "", navigate: "/", critical: false, actions: [] };

export function read(text: string | undefined): Pushed {
  try {
    const said = record(JSON.parse(text ?? ""));
    const notification = record(said["notification"]);
    const own = record(said["vigie"]);
    const actions = Array.isArray(notification["actions"]) ? notification["actions"].map(record) : [];
    const [alert, receipt, tag, lang] = [own["alert"], own["receipt"], notification["tag"], notification["lang"]].map(textOf);
    return {
      title: textOf(notification["title"]) ?? NOTHING.title,
      body: textOf(notification["body"]) ?? "",
      navigate: ours(textOf(notification["navigate"])),
      critical: own["severity"] === "critical",
      actions: actions.flatMap((one) => {
        const [action, title] = [textOf(one["action"]), textOf(one["title"])];
        return action && title ? [{ action, title }] : [];
      }),
      ...(alert && { alert }),
      ...(receipt && { receipt }),
      ...(tag && { tag }),
      ...(lang && { lang }),
    };
  } catch {
    return NOTHING;
  }
}

/** A tap leads to our own pages alone. */
function ours(url: string | undefined): string {
  try {
    const { protocol, pathname, search } = new URL(url ?? "/", "https://localhost");
    const isPage = /^https?:$/.test(protocol) && !pathname.startsWith("//");
    return isPage ? pathname + search : "/";
  } catch {
    return "/";
  }
}

const record = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
