// A hub of so many machines that answers in milliseconds, so that what a measurement finds is the pages' own: `stand-in.mjs [N]`
// serves what stands in `dist`, and machines that change a little on each second. Its figures come from a seed.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";

/** The pages, unless others are measured beside them. */
const DIST = new URL("../dist/", import.meta.url);
const SHOWN = ["retired", "asleep", "ok", "heard", "unknown", "late", "stale", "silent", "warning", "critical"];
const REACH = ["live", "late", "silent", "cut", "asleep", "unseen", "retired"];
const KINDS = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml" };

/** Chance that is the same each time. */
function chance(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function fleet(count) {
  const next = chance(7);
  const sites = Math.max(1, Math.round(count / 200));
  const places = Array.from({ length: sites }, (_, at) => ({ client: `client-${String(at % 25).padStart(2, "0")}`, site: `site-${String(at).padStart(3, "0")}` }));
  places.sort((a, b) => (`${a.client}/${a.site}` < `${b.client}/${b.site}` ? -1 : 1));
  const all = { id: [], name: [], place: [], shown: [], was: [], reach: [], heard: [], cpu: [], memory: [], waiting: [], lost: [], reckoned: [] };
  for (let at = 0; at < count; at += 1) {
    const draw = next();
    const cut = Math.floor((at * sites) / count) % 40 === 7;
    all.id.push(createHash("sha256").update(`machine ${at}`).digest("hex").slice(0, 32));
    all.name.push(`${["till", "server", "office", "gate", "cam"][at % 5]}-${String(at).padStart(5, "0")}`);
    all.place.push(Math.floor((at * sites) / count));
    all.reach.push(cut ? 3 : draw < 0.004 ? 2 : draw < 0.01 ? 1 : 0);
    all.was.push(draw > 0.995 ? "c" : draw > 0.98 ? "w" : "o");
    all.shown.push(cut ? 6 : draw < 0.004 ? 7 : draw < 0.01 ? 5 : draw > 0.995 ? 9 : draw > 0.98 ? 8 : 2);
    all.heard.push(cut ? 7_300 : Math.floor(next() * 10));
    all.cpu.push(Math.floor(next() ** 3 * 1_000));
    all.memory.push(Math.floor(200 + next() * 700));
    all.waiting.push(cut ? 720 : 0);
    all.reckoned.push(cut ? 1 : 0);
    all.lost.push(next() < 0.002 ? 12 : 0);
  }
  return { places, all };
}

/** Serves them with the pages of a folder; gives the address and what ends it. */
export async function standIn(count, dist = DIST) {
  const { places, all } = fleet(count);
  const length = Math.max(6, Math.ceil(Math.log2(count) / 2) + 2);
  const next = chance(11);
  const columns = () => ({
    as_of: new Date().toISOString(), total: count, places, shown_words: SHOWN, reach_words: REACH, id: all.id.map((id) => id.slice(0, length)), name: all.name, place: all.place,
    shown: all.shown.join(""), was: all.was.join(""), reach: all.reach.join(""), heard: all.heard, cpu: all.cpu, memory: all.memory, disk: all.memory, systems: ["Debian GNU/Linux 12"], system: all.memory.map(() => 0), waiting: all.waiting, reckoned: all.reckoned.join(""), lost: all.lost,
  });
  const sites = () => places.map(({ client, site }) => ({
    name: site, client, relays: [], reachability: { state: "live", since: new Date().toISOString() }, machines: Math.round(count / places.length), waiting: { ticks: 0, samples: 0, estimated: false }, drain: null,
  }));
  const rights = ["look", "decide", "mute", "fetch", "push", "tokens", "tell", "people", "roles", "audit", "node"];
  const drawn = new Map();
  const packed = (path, make) => {
    const second = Math.floor(Date.now() / 1000);
    const old = drawn.get(path);
    if (old?.second === second) return old.bytes;
    const bytes = gzipSync(JSON.stringify(make()), { level: 4 });
    drawn.set(path, { second, bytes });
    return bytes;
  };
  const api = {
    "/api/v1/machines/columns": columns,
    "/api/v1/me": () => ({ name: "stand-in", may: Object.fromEntries(rights.map((right) => [right, ["*"]])), person: null }),
    "/api/v1/here": () => ({ role: "hub", name: "stand-in", version: "0", you: "stand-in", clients: null, upward: null, demonstration: false }),
    "/api/v1/sites": () => ({ sites: sites(), total: places.length, next_cursor: null }),
    "/api/v1/incidents": () => ({ incidents: [], cuts: [], changes: 1, total: 0, next_cursor: null }),
    "/api/v1/machines": () => ({ machines: [], total: count, next_cursor: null }),
    "/api/v1/maintenance": () => ({ maintenance: [] }),
    "/api/v1/availability": () => ({ from: new Date(Date.now() - 86_400_000).toISOString(), to: new Date().toISOString(), sites: [], total: 0, next_cursor: null }),
  };

  function lines(query, start, end, step) {
    const ids = [...query.matchAll(/[0-9a-f]{6,32}/g)].map(([id]) => id);
    const next = chance(3);
    return ids.map((id) => {
      const values = [];
      const gap = next() < 0.2 ? start + (end - start) * 0.4 : Infinity;
      for (let at = start; at <= end; at += step) if (at < gap || at > gap + 900) values.push([at, String(next() ** 2)]);
      return { metric: { machine_id: all.id.find((own) => own.startsWith(id)) ?? id }, values };
    });
  }
  const told = (response, bytes, kind) => {
    response.writeHead(200, { "content-type": kind, "content-encoding": "gzip", "cache-control": "no-cache", "vigie-now": new Date().toISOString() });
    response.end(bytes);
  };
  const pages = readFileSync(new URL("pages.txt", dist), "utf8").trim().split("\n").map((page) => new RegExp(`^${page.replace(/\{\w+\}/g, "[^/]+")}$`));
  const icon = gzipSync('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7"/></svg>');
  const files = new Map(readdirSync(new URL("assets/", dist), { recursive: true }).filter((name) => name.includes(".")).map((name) => [`/assets/${name}`, gzipSync(readFileSync(new URL(`assets/${name}`, dist)))]));
  const shell = gzipSync(readFileSync(new URL("en/index.html", dist)));
  const open = new Set();

  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://stand-in");
    const file = files.get(url.pathname);
    if (url.pathname === "/icon.svg") return told(response, icon, KINDS.svg);
    if (file) return told(response, file, KINDS[url.pathname.split(".").pop()] ?? "application/octet-stream");
    if (url.pathname === "/api/v1/events") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("event: ready\nid: 1\ndata: {}\n\n");
      open.add(response);
      return request.on("close", () => open.delete(response));
    }
    if (url.pathname === "/prometheus/api/v1/query_range") {
      let body = "";
      request.on("data", (part) => (body += part));
      return request.on("end", () => {
        const asked = new URLSearchParams(body || url.search);
        const of = (name) => Number(asked.get(name)) || Date.parse(asked.get(name)) / 1000;
        const result = lines(asked.get("query") ?? "", of("start"), of("end"), parseFloat(asked.get("step")));
        told(response, gzipSync(JSON.stringify({ status: "success", data: { resultType: "matrix", result } })), "application/json");
      });
    }
    const make = api[url.pathname];
    if (make) return told(response, packed(request.url, make), "application/json");
    if (pages.some((page) => page.test(url.pathname))) return told(response, shell, KINDS.html);
    response.writeHead(404, { "content-type": "application/problem+json" });
    response.end(JSON.stringify({ status: 404, code: "not_found", title: "not here", detail: "the stand-in has no such thing" }));
  });
  // On each second one in two thousand changes and all were heard anew, as a fleet does on a quiet day.
  const life = setInterval(() => {
    const events = Array.from({ length: Math.ceil(count / 2_000) }, () => {
      let at = Math.floor(next() * count);
      while (all.reach[at] !== 0) at = (at + 1) % count;
      all.shown[at] = [2, 2, 2, 8, 9][Math.floor(next() * 5)];
      const { client, site } = places[all.place[at]];
      return `event: machine\nid: ${Date.now()}\ndata: ${JSON.stringify({ change: "changed", id: all.id[at], name: all.name[at], client, site, reachability: REACH[all.reach[at]], since: null, shown: SHOWN[all.shown[at]] })}\n\n`;
    });
    for (const response of open) response.write(events.join(""));
  }, 1000);
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${server.address().port}`, end: () => { clearInterval(life); server.closeAllConnections(); server.close(); } };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { url } = await standIn(Number(process.argv[2] ?? 10_000));
  console.log(url);
}
