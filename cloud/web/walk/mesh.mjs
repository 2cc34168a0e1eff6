// The programs of a site as they run at people's: its relay, its agents, and lines between them that can be cut and made slow.
import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { until } from "./trail.mjs";

const CLIENT = "acme";
/** Where Debian keeps the library by which a program sees another time (package faketime); none where it is not installed. */
export const FAKETIME = ["x86_64-linux-gnu", "aarch64-linux-gnu", "."].map((folder) => `/usr/lib/${folder}/faketime/libfaketime.so.1`).find((file) => existsSync(file));

/** A port that nobody has. */
export async function spare() {
  const socket = createSocket("udp4");
  await new Promise((bound) => socket.bind(0, "127.0.0.1", bound));
  const { port } = socket.address();
  await new Promise((closed) => socket.close(closed));
  return port;
}

/** What is run beside the hub's program `cloud`, with its data in `folder`; all of it goes with whoever started it. */
export function mesh(cloud, folder) {
  const program = (name) => join(dirname(cloud), name);
  const data = (name) => join(folder, name);
  const running = new Map();
  process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

  const run = (name, args) => execFileSync(program(name), args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
  /** Starts a program, by the name that it has in the folder. */
  function start(name, what, args, env = {}) {
    const log = openSync(data(`${name}.log`), "a");
    running.set(name, spawn(program(what), args, { stdio: ["ignore", log, log], env: { ...process.env, ...env } }));
  }
  const token = (site, more = []) => run("vigie-cloud", ["token", "create", "--data", data("hub"), "--client", CLIENT, "--site", site, "--uses", "9", ...more]);

  /** A line to a port of this machine: where its near side is, and how it is told to be. */
  async function line(name, target) {
    start(name, "vigie-link", ["run", "--udp", `127.0.0.1:0=127.0.0.1:${target}`]);
    const said = await until(`the line ${name} is up`, () => {
      const log = readFileSync(data(`${name}.log`), "utf8");
      return /^ready$/m.test(log) && log;
    });
    const udp = Number(/^udp: \S+:(\d+) /m.exec(said)[1]);
    const control = /^control: (\S+)$/m.exec(said)[1];
    return { udp, tell: (what, ...how) => run("vigie-link", [what, "--control", control, ...how]) };
  }

  /** A relay of a site, which reaches the hub at the port `hub`: where agents reach it, where its page is, and the token of its people. */
  async function relay(site, name, hub) {
    const [udp, http] = [await spare(), await spare()];
    const own = `127.0.0.1:${udp}`;
    run("vigie-relay", ["enrol", "--data", data(name), "--token", token(site, ["--role", "relay"]), "--advertise", own, "--name", name]);
    start(name, "vigie-relay", ["run", "--data", data(name), "--listen", own, "--http", `127.0.0.1:${http}`, "--hub", `127.0.0.1:${hub}`]);
    return { udp, http, token: () => readFileSync(join(data(name), "http.token"), "utf8").trim() };
  }

  /** An agent that goes to the relay at this port alone: so many figures of a kind each second. `ahead` (+1h, -5d) is how its clock is off. */
  function agent(site, name, relay, { series = 20, kind = "machine", bufferMib = 64, ahead } = {}) {
    run("vigie-agent", ["enrol", "--data", data(name), "--token", token(site), "--name", name]);
    const seed = [...name].reduce((sum, letter) => sum * 31 + letter.codePointAt(0), 7) % 100_003;
    start(name, "vigie-agent", ["run", "--data", data(name), "--collector", `synthetic:${seed},${series},${kind}`, "--relays", `127.0.0.1:${relay}`, "--relay-only",
      "--fast-s", "1", "--medium-s", "6", "--slow-s", "90", "--commit-s", "1", "--seal-s", "5", "--buffer-mib", `${bufferMib}`,
    ], ahead && { LD_PRELOAD: FAKETIME, FAKETIME: ahead, FAKETIME_DONT_FAKE_MONOTONIC: "1" });
  }

  /** What an agent says of itself. */
  const status = (name) => JSON.parse(run("vigie-agent", ["status", "--data", data(name), "--json"]));

  /** Ends these in order, or all. */
  async function stop(...names) {
    await Promise.all((names.length ? names : [...running.keys()]).map((name) => new Promise((done) => {
      const child = running.get(name);
      running.delete(name);
      if (child.exitCode !== null) return void done();
      child.once("exit", done);
      child.kill("SIGTERM");
    })));
  }

  return { client: CLIENT, line, relay, agent, status, stop };
}
