// What a page says of what is drained, lost, learnt late or measured by a wrong clock. The hub's own answers, changed on their way to
// the browser into what a hub says then: to have it so for real takes hours, and the hub's own tests do.
import { so } from "./trail.mjs";

export function truth({ step, open, go, accessible, machines, site }) {
  const [till] = machines;
  const at = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

  /** Of these answers to the page this is changed. */
  const alter = (page, path, change) => page.route((url) => url.pathname === path, async (route) => {
    if (route.request().method() !== "GET") return route.continue();
    // Asked for whole: what the page has already is answered without a body, and there would be nothing to change.
    const { "if-none-match": _, ...headers } = route.request().headers();
    const response = await route.fetch({ headers });
    const body = await response.json();
    change(body);
    await route.fulfill({ response, json: body });
  });
  const says = async (page, what, words) => {
    const text = await page.locator("main").innerText();
    for (const one of words) so(one.test(text), `${what}: ${one} in ${text.replace(/\s+/g, " ").slice(0, 900)}`);
    return text;
  };

  return () => step("what is drained, lost, learnt late or measured by a wrong clock is said to be so", async () => {
    let drain = { ticks_per_second: 200, done_in_seconds: 60 };
    const page = await open();
    await alter(page, "/api/v1/sites", ({ sites }) => {
      for (const one of sites.filter((one) => one.name === till.site)) Object.assign(one, { waiting: { ticks: 12_000, samples: null, estimated: false }, drain });
    });
    await go(page, site);
    let text = await says(page, "a site that catches up says how much waits, how fast it comes, and until when", [/12,000 .*waiting there/, /200 measurements\/s/, /Caught up in about 1\smin/]);
    so(!/Nothing is waiting/.test(text), "and not that nothing waits");
    await accessible(page, "a site that catches up");
    drain = { ticks_per_second: 200, done_in_seconds: null };
    await go(page, site);
    text = await says(page, "where it is not steady yet no end is told", [/12,000 .*waiting there/, /ETA not known yet/]);
    so(!/Caught up/.test(text), "no end is told that nobody knows");

    const lost = [{ reason: "evicted", ticks: 720, samples: null }];
    const [from, until] = [at(180), at(120)];
    await alter(page, `/api/v1/machines/${till.id}`, (one) => {
      one.ledger.given_up = lost;
      one.clock = { ahead_ms: 3_600_000, source: "relay", corrected: true };
    });
    await alter(page, `/api/v1/machines/${till.id}/ledger`, ({ total, holes, streams }) => {
      total.given_up = lost;
      holes.push({ stream: streams[0].stream, kind: "lost", reason: "evicted", first: 1, last: 720, amount: { ticks: 720, samples: null, estimated: false }, from, until });
    });
    await alter(page, "/api/v1/machines/columns", (columns) => {
      columns.lost[columns.name.indexOf(till.name)] = 720;
    });
    await go(page, `/machines/${till.id}`);
    await says(page, "what was lost is counted, and a clock that is off is told", [/Lost: 720/, /Clock 1\sh ahead\. Times corrected\./]);
    await accessible(page, "a machine that lost something, whose clock is off");
    await go(page, `/machines/${till.id}/data`);
    text = await says(page, "and why it was lost, and of which time", [/Lost: no room left\s+720/, /Lost \(no room left\)/]);
    so(!/Nothing is missing/.test(text), "and not that nothing is missing");
    await go(page, "/machines");
    so((await page.locator(".v-row:not([hidden])", { hasText: till.name }).first().innerText()).includes("720"), "the table says it, too");

    const late = {
      id: "01LATE0000000000000000LATE", standing: "firing", rule: "CpuBusy", severity: "warning", summary: "CPU at 99%", client: till.client, site: till.site, machine: till.name, machine_id: till.id, labels: {}, annotations: {},
      value: 0.99, doubt: null, began: at(70), since: at(65), ended: null, times: 1, learnt_at: at(5), judge: null, contradicted: false, acknowledgements: [], assignments: [], snoozed_until: null, closings: [], comments: [], muted_by: [], reached: "everywhere", escalations: [],
    };
    await alter(page, "/api/v1/incidents", (list) => {
      list.incidents.unshift(late);
      list.total += 1;
    });
    await page.route((url) => url.pathname === `/api/v1/incidents/${late.id}`, (route) => route.fulfill({ json: late, headers: { "vigie-now": new Date().toISOString() } }));
    for (const path of ["/incidents", `/incidents/${late.id}`]) {
      await go(page, path);
      await says(page, "what was learnt late says when it was learnt, and by how much that is later", [/learnt \d\d:\d\d \(\+1\sh/]);
    }
    await page.unrouteAll({ behavior: "wait" });
    await page.context().close();
  });
}
