// Asks the node how things are, and shows what it says. Asks lightly: an answer that did not change is not sent again.
import { clock, h, language, learnTime, many, ms, now, amount, say, setBlind, speak } from "/say.js";
import { List } from "/list.js";
import { MachineView } from "/machine.js";

const main = document.getElementById("main");
const banners = document.getElementById("banners");
const pill = document.getElementById("pill");
const BEAT = 2000;
// What the node has not confirmed for so long is no longer shown as being so.
const BLIND = 25000;

const kept = new Map();
let here = null;
let copyAt = null;
let trouble = null;
let failures = 0;
let retryAt = 0;
let timer = 0;
let view = null;

export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail || problem?.error || `HTTP ${status}`);
    this.status = status;
  }
}

// One question to the node. With `keep`, the last answer is kept and asked for again only if it changed.
export async function ask(path, { keep = true, signal } = {}) {
  const old = keep && kept.get(path);
  const sentAt = performance.now();
  const response = await fetch(path, {
    cache: "no-store",
    headers: old ? { "if-none-match": old.etag } : {},
    signal: signal || AbortSignal.timeout(20000),
  });
  learnTime(ms(response.headers.get("vigie-now")), sentAt, performance.now());
  if (response.status === 304) return old.body;
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, body);
  const etag = response.headers.get("etag");
  if (keep && etag) {
    if (kept.size > 20) kept.delete(kept.keys().next().value);
    kept.set(path, { etag, body });
  }
  return body;
}

async function poll() {
  clearTimeout(timer);
  if (document.hidden) return;
  const begun = performance.now();
  const polled = view;
  try {
    here = await ask("/api/v1/here");
    await polled.load();
    trouble = null;
    failures = 0;
    copyAt = now();
  } catch (error) {
    trouble = error;
    failures += 1;
  }
  if (polled !== view) return poll();
  // A slow node or link is asked less often; a silent one less and less, and not by everyone at once.
  const took = performance.now() - begun;
  const backoff = Math.min(30000, 1000 * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
  const wait = failures ? backoff : Math.min(10000, Math.max(BEAT, took * 10));
  retryAt = performance.now() + wait;
  timer = setTimeout(poll, wait);
  paint();
}

function paint() {
  document.title = say("title", { name: here?.name || "…" });
  document.getElementById("node").textContent = here ? `${here.name} · ${say(`role_${here.role}`)}` : "";
  const state = trouble ? "copy" : copyAt ? "live" : "wait";
  const text = say(`pill_${state}`, { time: copyAt ? clock(copyAt) : "–" });
  if (pill.textContent !== text) pill.textContent = text;
  pill.className = `pill ${state}`;
  paintBanners();
  setBlind(copyAt && now() - copyAt > BLIND);
  view.paint(trouble);
}

function paintBanners() {
  const lines = [troubleLine(), upwardLine()].filter(Boolean);
  const text = lines.map((line) => line.textContent).join("\n");
  if (banners.dataset.text === text) return;
  // Do not take the button away from under a finger.
  const focused = banners.contains(document.activeElement);
  banners.dataset.text = text;
  banners.replaceChildren(...lines);
  if (focused) banners.querySelector("button, a")?.focus();
}

function troubleLine() {
  if (!trouble) return null;
  const time = copyAt ? clock(copyAt) : "–";
  if (trouble.status === 401) {
    return h("p.banner.bad", { role: "alert" }, say("expired", { time }), " ", h("a", { href: "/sign-in" }, say("sign_in")));
  }
  const silent = !(trouble instanceof Refused);
  const what = silent ? say(copyAt ? "copy" : "copy_none", { time }) : say("failed", { why: trouble.message });
  const left = Math.max(0, Math.ceil((retryAt - performance.now()) / 1000));
  return h("p.banner.bad", {}, what, " ", say("retry_in", { n: left }), " ", h("button", { onclick: poll }, say("retry")));
}

function upwardLine() {
  const up = here?.upward;
  if (!up) return null;
  const n = amount(up.waiting);
  if (!up.link.connected) {
    const since = up.link.since;
    return h("p.banner.warn", {}, since ? say("up_cut", { time: clock(ms(since)) }) : say("up_never"), " ", say("up_more", { n }));
  }
  return up.drain ? h("p.banner.note", {}, say("up_drain", { n })) : null;
}

// What changed is said at most every ten seconds, all of it at once.
let saidAt = 0;
let said = "";

function announce(text) {
  if (text === said || (said && performance.now() - saidAt < 10000)) return;
  if (said) answer(text);
  said = text;
  saidAt = performance.now();
}

// For what the reader asked for just now.
export function answer(text) {
  document.getElementById("announce").textContent = text;
}

export const countHeard = (machines) => {
  const live = machines.filter((machine) => machine.reachability.state === "live").length;
  announce(say("news", { live, not: many("count", machines.length - live) }));
};

function follow() {
  const [, id, range] = /^#m\/([0-9a-f]{32})(?:\/(\w+))?$/.exec(location.hash) || [];
  const left = view;
  view?.leave();
  view = id ? new MachineView(id, range) : new List();
  main.replaceChildren(view.element);
  if (left) main.focus({ preventScroll: true });
  scrollTo(0, 0);
  poll();
}

function dress() {
  const theme = localStorage.getItem("vigie-theme") || "system";
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.documentElement.lang = language;
  document.getElementById("theme").value = theme;
  document.getElementById("language").value = language;
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
}

document.getElementById("theme").addEventListener("change", (event) => {
  localStorage.setItem("vigie-theme", event.target.value);
  dress();
});
document.getElementById("language").addEventListener("change", async (event) => {
  localStorage.setItem("vigie-language", event.target.value);
  await speak(event.target.value);
  dress();
  banners.dataset.text = "";
  follow();
});
document.addEventListener("visibilitychange", () => document.hidden || poll());
addEventListener("hashchange", follow);
addEventListener("online", poll);
setInterval(() => document.hidden || paint(), 1000);
dress();
follow();
