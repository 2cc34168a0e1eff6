// How is it said: language, numbers, times, and the freshness sentence?
const kept = localStorage.getItem("vigie-language");
export let language, words, tools;
await speak(["en", "fr"].includes(kept) ? kept : navigator.language.startsWith("fr") ? "fr" : "en");

export async function speak(next) {
  words = (await import(`/words-${next}.js`)).default;
  language = next;
  tools = makeTools();
}

function makeTools() {
  const locale = language === "fr" ? "fr-FR" : "en-GB";
  const time = (options) => new Intl.DateTimeFormat(locale, { hourCycle: "h23", ...options });
  return {
    whole: new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }),
    number: new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 }),
    share: new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    plural: new Intl.PluralRules(locale),
    clock: time({ hour: "2-digit", minute: "2-digit" }),
    second: time({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    day: time({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }),
  };
}

export function say(key, places = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, place) => places[place] ?? whole);
}

export function many(key, n) {
  return say(`${key}_${tools.plural.select(n) === "one" ? "one" : "other"}`, { n: tools.whole.format(n) });
}

export const whole = (n) => tools.whole.format(n);
export const number = (n) => tools.number.format(n);
export const share = (n) => tools.share.format(n);

// The server's time. Ages are counted by it, so a wrong clock here never makes anything look fresh. Both clocks of this
// browser are asked and the later believed: one stops while it sleeps, the other can be set.
let base = { server: Date.now(), steady: performance.now(), wall: Date.now(), error: Infinity };

export function learnTime(server, sentAt, gotAt) {
  const error = (gotAt - sentAt) / 2;
  const age = gotAt - base.steady;
  if (Number.isNaN(server) || error > base.error + age / 1000) return;
  base = { server: server + error, steady: gotAt, wall: Date.now(), error };
}

export function now() {
  return base.server + Math.max(performance.now() - base.steady, Date.now() - base.wall);
}

export const ms = (stamp) => Date.parse(stamp);

export function age(span) {
  const s = Math.max(0, Math.round(span / 1000));
  const d = language === "fr" ? "j" : "d";
  if (s < 60) return `${s}\u202fs`;
  if (s < 3600) return `${Math.floor(s / 60)}\u202fmin`;
  if (s < 86400) return `${Math.floor(s / 3600)}\u202fh`;
  return `${Math.floor(s / 86400)}\u202f${d}`;
}

export function span(length) {
  const s = Math.max(0, Math.round(length / 1000));
  const minutes = Math.floor((s % 3600) / 60);
  if (s < 60 || s >= 86400) return age(length);
  if (s < 3600) return s % 60 && s < 600 ? `${minutes}\u202fmin ${s % 60}\u202fs` : `${minutes}\u202fmin`;
  return minutes ? `${Math.floor(s / 3600)}\u202fh ${minutes}\u202fmin` : age(length);
}

// Within the last day relative, beyond it absolute.
export function ago(at) {
  const past = now() - at;
  if (past >= 86400e3) return say("at", { time: tools.day.format(at) });
  return past < 1500 ? say("just") : say("ago", { age: span(past) });
}

export function clock(at) {
  return Math.abs(now() - at) < 20 * 3600e3 ? tools.clock.format(at) : tools.day.format(at);
}

export const hour = (at) => tools.clock.format(at);
export const second = (at) => (Math.abs(now() - at) < 20 * 3600e3 ? tools.second.format(at) : tools.day.format(at));

// Samples where they were counted, otherwise ticks; an estimate says so by itself.
export function amount(of) {
  return of.samples == null ? many("ticks", of.ticks) : many("samples", of.samples);
}

export const short = (of) => {
  const n = whole(of.samples ?? of.ticks);
  return of.estimated && (of.samples ?? of.ticks) > 0 ? say("guess", { n }) : n;
};

export function lost(ledger) {
  const all = { ticks: 0, samples: 0, estimated: false };
  for (const one of ledger.given_up) {
    all.ticks += one.ticks;
    all.samples = one.samples == null || all.samples == null ? null : all.samples + one.samples;
  }
  return all;
}

export function via(path) {
  const relay = (path || []).filter((hop) => hop.startsWith("relay:")).map((hop) => hop.slice(6));
  return relay.length ? say("via", { relay: say("relay", { name: relay.join(" → ") }) }) : say("via_none");
}

const heardAt = (machine) => {
  const at = machine.last_sample ? machine.last_sample.observed_at : machine.reachability.since;
  return at == null ? null : ms(at);
};

// The row: [age] [mark].
export function freshShort(machine) {
  const at = heardAt(machine);
  const state = machine.reachability.state;
  if (at == null || state === "unseen") return "–";
  const old = age(now() - at);
  if (state === "late") return say("late_row", { age: old });
  if (state !== "cut") return old;
  return `${old} ◌${lost(machine.ledger).ticks ? " !" : ""}`;
}

// The sentence: [state] · [age] · [path] · [what is waiting] · [loss] · [ETA].
export function freshFull(machine) {
  const at = heardAt(machine);
  const state = machine.reachability.state;
  const way = via(machine.last_sample?.path);
  const since = machine.reachability.since;
  const places = at == null ? {} : { ago: ago(at), time: state === "late" ? second(at) : clock(at), via: way };
  if (state === "asleep" && since) places.time = clock(ms(since));
  const parts = [at == null && state !== "retired" ? say("say_unseen") : say(`say_${state}`, places)];
  const waiting = machine.ledger.waiting;
  if (waiting.ticks > 0 && (state === "late" || state === "cut" || machine.drain)) {
    parts.push(say(waiting.estimated ? "wait_guess" : "wait_known", { n: amount(waiting) }));
    if (machine.drain) {
      const eta = machine.drain.done_in_seconds;
      parts.push(say("wait_rate", { rate: number(machine.drain.ticks_per_second) }));
      parts.push(eta == null ? say("wait_eta_none") : say("wait_eta", { eta: span(eta * 1000) }));
    }
  }
  const gone = lost(machine.ledger);
  if (gone.ticks) parts.push(say("lost_some", { n: amount(gone) }));
  else if (state === "late") parts.push(say("lost_none"));
  if (machine.clock) {
    const off = machine.clock.ahead_ms;
    parts.push(say(off > 0 ? "clock_ahead" : "clock_behind", { age: span(Math.abs(off)) }));
    if (machine.clock.corrected) parts.push(say("clock_right"));
  }
  return parts.join(" ");
}

// Whether the node itself is silent: then nothing is known to be so still, and nothing is green.
let blind = false;
export const setBlind = (now) => (blind = now);

export function seen(shown) {
  return blind && ["ok", "heard", "warning", "critical", "late"].includes(shown) ? "stale" : shown;
}

export function statusOf(machine) {
  const { shown, was } = machine.status;
  const at = heardAt(machine);
  const now = seen(shown);
  const past = at != null && ["stale", "silent"].includes(now);
  return { shown: now, was, word: say(now === shown ? `shown_${shown}` : "shown_copy"), past: past ? say(`was_${was}`, { time: clock(at) }) : "" };
}

// An element with properties and children; texts become text nodes, never markup.
export function h(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function draw(tag, properties = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(properties)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// Shape, fill and colour, each enough by itself; the word stands beside it. Each part is a class and a path.
const DISC = [["", "M8 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8"]];
const RING = "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2";
const SHAPES = {
  ok: DISC,
  heard: DISC,
  warning: [["outline", "M8 2.5 14.5 14h-13zM8 6.5v3.5M8 12v.5"]],
  critical: [["", "M1.5 1.5h13v13h-13z"], ["inside", "M8 4.5V9M8 11v1.5"]],
  late: [["outline", `${RING}M8 4.5V8l2.5 2`]],
  silent: [["outline", `${RING}M5.5 5.5l5 5m0-5-5 5`]],
  stale: [["outline dashed", RING]],
  unknown: [["outline dotted", RING], ["outline", "M6.3 6.3a1.9 1.9 0 1 1 2.6 1.8c-.7.2-.9.6-.9 1.2M8 11v.5"]],
  asleep: [["", "M13.5 10.2A6 6 0 1 1 5.8 2.5a5 5 0 0 0 7.7 7.7z"]],
  retired: [["outline", "M2 4h12v3H2zM3.5 7v6h9V7M6.5 9.5h3"]],
};
// What stands inside the dashed ring: what it was.
const WAS = { ok: "M8 5.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4", warning: "M8 5.2 10.9 10.4H5.1z", critical: "M5.8 5.8h4.4v4.4H5.8z" };

export function glyph({ shown, was }) {
  const parts = [...(SHAPES[shown] || SHAPES.unknown), ...(shown === "stale" && WAS[was] ? [["inner", WAS[was]]] : [])];
  const svg = draw("svg", { viewBox: "0 0 16 16", class: `glyph ${shown} was-${was}`, "aria-hidden": "true" });
  svg.append(...parts.map(([look, d]) => draw("path", { class: look, d })));
  return svg;
}
