// A hub of one's own, and a line to it that can be cut, or lose what the hub answers.
import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { so, until } from "./trail.mjs";

export const listening = (server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));

/** What the hub of a walk complains of, before it is started. */
export function home(name) {
  const folder = mkdtempSync(join(tmpdir(), `vigie-${name}-`));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return { folder, log: join(folder, "hub.log") };
}

/** Starts the hub, with what its file says or what it says of the hub's port; it goes with whoever started it. Who brings nodes says where they reach it. */
export async function begin(cloud, { folder, log }, config, udp) {
  const spare = createServer();
  const port = await listening(spare);
  await new Promise((done) => spare.close(done));
  writeFileSync(join(folder, "cloud.toml"), typeof config === "function" ? config(port) : config);
  const hub = spawn(cloud, ["run", "--listen", `127.0.0.1:${udp ?? 0}`, "--advertise", `127.0.0.1:${udp ?? 1}`, "--http", `127.0.0.1:${port}`,
    "--config", join(folder, "cloud.toml"), "--data", join(folder, "hub")], { stdio: ["ignore", "ignore", openSync(log, "w")], env: { ...process.env, RUST_LOG: "warn" } });
  process.on("exit", () => hub.kill("SIGKILL"));
  // Who walks beside this one and fails ends it.
  process.once("SIGTERM", () => process.exit(1));
  const direct = `http://127.0.0.1:${port}`;
  await until("the hub is up", () => fetch(`${direct}/readyz`).then((answer) => answer.ok, () => false));
  const kept = (file) => readFileSync(join(folder, "hub", file), "utf8").trim();
  const [token, code] = [kept("http.token"), kept("setup.code")];
  const ask = async (path, { method = "GET", body, as = { authorization: `Bearer ${token}` } } = {}) => {
    const headers = { ...as, ...(body !== undefined && { "content-type": "application/json" }) };
    const answer = await fetch(direct + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    so(answer.ok, `${method} ${path} is answered well: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  const line = await lineTo(port);
  const end = () => {
    line.close();
    hub.kill("SIGTERM");
  };
  return { direct, token, code, ask, line, end };
}

/** A way to the hub through us: "good", "cut", or "deaf", when what the hub says after it did something never comes. */
async function lineTo(port) {
  let state = "good";
  const open = new Set();
  const proxy = createServer((near) => {
    if (state === "cut") return void near.destroy();
    const far = createConnection(port, "127.0.0.1");
    const both = { near, far };
    open.add(both);
    const end = () => {
      near.destroy();
      far.destroy();
      open.delete(both);
    };
    near.pipe(far);
    far.on("data", (bytes) => (state === "deaf" ? end() : near.write(bytes)));
    for (const side of [near, far]) side.on("error", end).on("close", end);
  });
  const set = (next) => {
    state = next;
    if (next !== "good") for (const { near, far } of open) [near, far].forEach((side) => side.destroy());
  };
  const close = () => {
    set("cut");
    proxy.close();
  };
  return { place: `http://127.0.0.1:${await listening(proxy)}`, set, close };
}
