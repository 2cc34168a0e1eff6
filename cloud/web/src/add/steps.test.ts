import { describe, expect, it } from "vitest";
import type { Enrolment, Joined } from "./shape.ts";
import { lateStep, LATE_MS, stepsOf } from "./steps.ts";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
const token: Enrolment = {
  id: "07", client: "acme", site: "lyon", roles: ["agent"], state: "valid", uses_left: 1, by: "ann", made_at: at(0), expires_at: at(3600),
  fetched: null, refused: null, joined_count: 0, joined: [],
};
const machine: Joined = { id: "ab", name: "till-1", role: "agent", at: at(20), reachability: { state: "unseen", since: null }, last_sample: null };
const states = (one: Enrolment, joined?: Joined) => stepsOf(one, joined).map((step) => step.state).join(" ");

describe("the steps of a machine that is being added", () => {
  it("go one after the other, and only what the hub was told is done", () => {
    expect(states(token)).toBe("done now later later later");
    const fetched = { ...token, fetched: { at: at(10), from: "192.0.2.7" } };
    expect(states(fetched)).toBe("done done now later later");
    expect(states(fetched, machine)).toBe("done done done now later");
    const heard: Joined = { ...machine, reachability: { state: "late", since: null } };
    expect(states(fetched, heard)).toBe("done done done done now");
    const told = { observed_at: at(22), learnt_at: at(23), path: ["agent", "hub"], verified: false };
    expect(states(fetched, { ...heard, last_sample: told })).toBe("done done done done done");
  });

  it("end with its voice where it is a relay, which measures nothing", () => {
    const relay: Enrolment = { ...token, roles: ["relay"], fetched: { at: at(10), from: "192.0.2.7" } };
    const joined: Joined = { ...machine, role: "relay" };
    expect(states(relay)).toBe("done done now later");
    expect(states(relay, { ...joined, reachability: { state: "live", since: at(21) } })).toBe("done done done done");
  });

  it("say of what was not seen that it was not", () => {
    expect(states(token, machine)).toBe("done skipped done now later");
  });

  it("say that somebody was turned away, until they come again", () => {
    const refused = { at: at(12), from: "192.0.2.7", name: "till-1", why: "used up" };
    const fetched = { at: at(10), from: "192.0.2.7" };
    expect(states({ ...token, fetched, refused })).toBe("done done failed later later");
    expect(states({ ...token, refused })).toBe("done skipped failed later later");
    expect(states({ ...token, refused, fetched: { ...fetched, at: at(30) } })).toBe("done done now later later");
    expect(states({ ...token, refused }, machine)).toBe("done skipped done now later");
  });

  it("are late after a quarter of a minute", () => {
    const steps = stepsOf(token, undefined);
    const begun = Date.parse(token.made_at);
    expect(lateStep(steps, begun + LATE_MS)).toBeUndefined();
    expect(lateStep(steps, begun + LATE_MS + 1)?.name).toBe("fetched");
  });
});
