import { expect, test } from "vitest";
import { OutOfReach } from "../api/problem.ts";
import type { Incident } from "../api/types.ts";
import { Columns, type Sent } from "../machines/columns.ts";
import { acknowledging, isWord, muting, tagging, type Called } from "./plan.ts";
import { Run } from "./run.svelte.ts";

const sent: Sent = {
  as_of: "2026-11-22T12:00:00.000Z", total: 4, places: [{ client: "acme", site: "lyon" }, { client: "bron", site: "paris" }],
  shown_words: ["retired", "asleep", "ok", "heard", "unknown", "late", "stale", "silent", "warning", "critical"], reach_words: ["live", "late", "silent", "cut", "asleep", "unseen", "retired"],
  id: ["aaaaaa", "bbbbbb", "cccccc", "dddddd"], name: ["till-1", "till-2", "server", "new"], place: [0, 0, 1, 1], shown: "2966", was: "ocou", reach: "0033",
  heard: [3, 5, 7200, null], cpu: [1, 2, 3, null], memory: [1, 2, null, null], waiting: [0, 0, 720, 0], reckoned: "0010", lost: [0, 0, 0, 0],
};
const incident = (id: string, machine_id: string | null, change: Partial<Incident> = {}): Incident => ({
  id, standing: "firing", rule: "CpuBusy", severity: "warning", summary: `wrong ${id}`, client: "acme", site: "lyon", machine: "till-1", machine_id, labels: {}, annotations: {}, value: null, doubt: null, began: null,
  since: null, ended: null, times: 1, learnt_at: "2026-11-22T12:00:00Z", judge: null, contradicted: false, acknowledgements: [], assignments: [], snoozed_until: null, closings: [], comments: [], muted_by: [], reached: "site", ...change,
});
const everywhere = () => true;

test("what is open of the chosen machines is acknowledged, and nothing else is", () => {
  const all = [
    incident("1", "aaaaaa0011"), incident("2", "bbbbbb0022", { standing: "acknowledged" }), incident("3", "cccccc0033", { client: "bron", site: "paris" }),
    incident("4", null, { rule: "SiteCut" }), incident("5", "aaaaaa0011", { standing: "snoozed" }), incident("6", "dddddd0044", { client: "bron", site: "paris" }),
  ];
  const plan = acknowledging(all, new Columns(sent), [0, 1, 2], (client) => client === "acme");
  expect(plan.wishes.map((wish) => wish.path)).toEqual(["/api/v1/incidents/1/acknowledge", "/api/v1/incidents/5/acknowledge"]);
  expect(plan).toMatchObject({ machines: 3, known: 1, denied: 1, cut: 1 });
});

test("a site all of whose machines are chosen gets one window, and others one each", () => {
  const columns = new Columns(sent);
  const plan = muting(columns, [0, 1, 2], { minutes: 60 }, "new switch", everywhere, everywhere);
  expect(plan.wishes.map((wish) => [wish.title, wish.body["machine"], wish.body["site"]])).toEqual([["acme / lyon", undefined, "lyon"], ["server", "server", "paris"]]);
  expect(plan).toMatchObject({ machines: 3, sites: 1, denied: 0, cut: 1 });
  expect(muting(columns, [0, 2], { minutes: 60 }, "", (client) => client === "acme", everywhere)).toMatchObject({ machines: 1, denied: 1, sites: 0 });
});

test("of a list that ends before all machines no site is muted as a whole", () => {
  expect(muting(new Columns({ ...sent, total: 90_000 }), [0, 1], { minutes: 60 }, "", everywhere, everywhere).sites).toBe(0);
});

test("who mutes machines by their tags mutes each of them, and no site though they see no other there", () => {
  const plan = muting(new Columns(sent), [0, 1], { minutes: 60 }, "", everywhere, () => false);
  expect(plan.wishes.map((wish) => wish.body["machine"])).toEqual(["till-1", "till-2"]);
});

test("what failed says why and is asked for again with the same key, and what was done is not", async () => {
  const asked: [string, string][] = [];
  let broken = true;
  const wishes = ["a", "b", "c"].map((path) => ({ title: path, place: "", path, body: {} }));
  const run = new Run(wishes, async (path, _, once) => {
    asked.push([path, once]);
    if (path === "b" && broken) throw new OutOfReach("cut");
  });
  await run.start();
  expect([run.count("done"), run.count("failed"), run.items[1]?.why.length]).not.toContain(0);
  expect(run.items[1]?.state).toBe("failed");
  broken = false;
  await run.start();
  expect(run.count("done")).toBe(3);
  const of = (path: string) => asked.filter(([own]) => own === path).map(([, once]) => once);
  expect([of("a").length, of("b").length, new Set(of("b")).size, new Set(asked.map(([, once]) => once)).size]).toEqual([1, 2, 1, 3]);
});

test("who stops has nothing more begun", async () => {
  const wishes = Array.from({ length: 50 }, (_, at) => ({ title: "", place: "", path: String(at), body: {} }));
  const run: Run = new Run(wishes, async (path) => { if (path === "5") run.stop(); });
  await run.start();
  expect(run.count("waits")).toBeGreaterThan(40);
  await run.start();
  expect(run.count("done")).toBe(50);
});

test("a site's machines that are called otherwise then are tagged in one request, and others in none", () => {
  const called = (id: string, client: string, tags: string[]): Called => ({ id, client, site: "lyon", reach: "live", mark: { tags, groups: [] } });
  const machines = [called("aaaaaa", "acme", []), called("bbbbbb", "acme", ["lab"]), called("cccccc", "bron", []), called("dddddd", "dole", ["old"])];
  const plan = tagging(machines, { tags: ["lab"], groups: [] }, { tags: ["old"], groups: [] }, (client) => client !== "bron");
  expect(plan).toMatchObject({ machines: 2, known: 1, denied: 1 });
  expect(plan.wishes.map((wish) => wish.body)).toEqual([
    { machines: ["aaaaaa"], add: { tags: ["lab"], groups: [] }, remove: { tags: [], groups: [] } },
    { machines: ["dddddd"], add: { tags: ["lab"], groups: [] }, remove: { tags: ["old"], groups: [] } },
  ]);
  const many = Array.from({ length: 501 }, (_, at) => called(String(at).padStart(6, "0"), "acme", []));
  expect(tagging(many, { tags: ["lab"], groups: [] }, { tags: [], groups: [] }, everywhere).wishes).toHaveLength(2);
  expect([isWord("lab-2"), isWord("Lab"), isWord("a b"), isWord("-a"), isWord("")]).toEqual([true, false, false, false, false]);
});
