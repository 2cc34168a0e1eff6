// What does the hub say when it does not do something?

/** As RFC 9457 and the hub's own description have it. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  unchanged?: boolean;
  next?: string;
  retry_after_seconds?: number;
}

/** The hub answered no. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** The hub did not answer: whether anything was done is not known, unless it is asked again with the same key. */
export class OutOfReach extends Error {}

/** What stood in an answer that was no success, whatever stood in front of the hub has said. */
export function problemOf(status: number, body: unknown): Problem {
  const told = body && typeof body === "object" ? (body as Partial<Problem> & { error?: string }) : {};
  // Prometheus has a shape of its own.
  if (typeof told.error === "string") return { type: "about:blank", title: `HTTP ${status}`, code: "unknown", detail: told.error, status };
  return { type: "about:blank", title: `HTTP ${status}`, code: "unknown", detail: `HTTP ${status}`, ...told, status };
}
