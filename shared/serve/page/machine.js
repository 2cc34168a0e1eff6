// How is one machine, how was it, and where is everything it measured?
import { amount, clock, freshFull, glyph, h, many, ms, now, say, second, statusOf, via, whole } from "/say.js";
import { ask } from "/page.js";
import { Chart } from "/chart.js";
import { Gauge } from "/list.js";

const RANGES = { "1h": 3600e3, "6h": 6 * 3600e3, "24h": 24 * 3600e3 };
const CHARTS = {
  cpu: (id) => `system_cpu_utilization_ratio{machine_id="${id}",cpu_logical_number=""}`,
  memory: (id) => `system_memory_utilization_ratio{machine_id="${id}"}`,
};
const HOLES = 12;
// Samples are fetched again from the beginning this often, for what arrived late; in between only the newest.
const WHOLE_EVERY = 60e3;

let range = "1h";

export class MachineView {
  constructor(id, wanted) {
    this.id = id;
    if (RANGES[wanted]) range = wanted;
    this.title = h("h2");
    this.state = h("p.state");
    this.sentence = h("p.sentence");
    this.numbers = { cpu: this.gauge("cpu"), memory: this.gauge("memory") };
    this.charts = Object.fromEntries(Object.keys(CHARTS).map((what) => [what, new Chart(say(what), () => this.toggleTable())]));
    this.ledger = h("div.ledger");
    this.failed = h("p.muted", { role: "status" });
    this.bones = h("div.bones", { "aria-label": say("loading") }, h("div"), h("div"), h("div"));
    this.tableButton = h("button", { onclick: () => this.toggleTable(), "aria-pressed": "false" }, say("table"));
    this.export = h("a", {}, say("export"));
    this.content = h("div", { hidden: true }, this.state, this.sentence,
      h("div.numbers", {}, this.numbers.cpu.box, this.numbers.memory.box),
      h("div.bar", {}, this.ranges(), this.tableButton, this.export),
      this.charts.cpu.element, this.charts.memory.element, this.failed,
      h("section", { "aria-labelledby": "ledger-title" }, h("h3", { id: "ledger-title" }, say("ledger")), this.ledger));
    this.element = h("article", {}, h("p", {}, h("a", { href: "#" }, "← ", say("back"))), this.title, this.bones, this.content);
    this.fetched = { range: null, whole: 0 };
  }

  gauge(what) {
    const value = h("div.value");
    const origin = h("p.muted.origin");
    return { gauge: new Gauge(value), origin, box: h("div.panel", {}, h("h3", {}, say(what)), value, origin) };
  }

  ranges() {
    const pick = (event) => {
      range = event.target.value;
      history.replaceState(null, "", `#m/${this.id}/${range}`);
      this.loadCharts().catch((error) => this.chartTrouble(error));
    };
    const choices = Object.keys(RANGES).map((name) => h("label", {},
      h("input", { type: "radio", name: "range", value: name, checked: name === range, onchange: pick }), say(`range_${name}`)));
    return h("fieldset.ranges", {}, h("legend.hidden", {}, say("range")), ...choices);
  }

  toggleTable() {
    const on = this.tableButton.getAttribute("aria-pressed") !== "true";
    this.tableButton.setAttribute("aria-pressed", String(on));
    for (const chart of Object.values(this.charts)) chart.showTable(on);
  }

  leave() {
    for (const chart of Object.values(this.charts)) chart.leave();
  }

  async load() {
    const base = `/api/v1/machines/${this.id}`;
    try {
      [this.machine, this.book] = await Promise.all([ask(base), ask(`${base}/ledger`)]);
      this.missing = false;
    } catch (error) {
      if (error.status !== 404) throw error;
      this.missing = true;
      return;
    }
    await this.loadCharts().catch((error) => {
      if (!error.status || error.status === 401) throw error;
      this.chartTrouble(error);
    });
  }

  chartTrouble(error) {
    this.failed.textContent = say("chart_failed", { why: error.message });
  }

  // Every raw sample of the range is drawn, so that no peak is passed over; after that only what is newer is asked for.
  async loadCharts() {
    const wanted = range;
    const anew = this.fetched.range !== wanted || now() - this.fetched.whole > WHOLE_EVERY;
    await Promise.all(Object.keys(CHARTS).map((what) => this.loadChart(what, wanted, anew)));
    if (wanted !== range) return;
    if (anew) this.fetched = { range: wanted, whole: now() };
    this.failed.textContent = "";
    this.paintCharts();
  }

  async loadChart(what, wanted, anew) {
    const chart = this.charts[what];
    const since = anew ? RANGES[wanted] : Math.min(RANGES[wanted], Math.max(10e3, now() - chart.lastAt() + 1000));
    const seconds = Math.ceil(since / 1000);
    const query = new URLSearchParams({ query: `${CHARTS[what](this.id)}[${seconds}s]`, time: (now() / 1000).toFixed(3) });
    const answer = await ask(`/prometheus/api/v1/query?${query}`, { keep: false });
    if (wanted === range) chart.take(answer.data.result.flatMap((row) => row.values), anew);
  }

  paintCharts() {
    if (!this.machine) return;
    const frame = { length: RANGES[range], name: say(`range_${range}`), interval: this.machine.interval_ms,
      holes: this.book?.holes || [], state: this.machine.reachability.state };
    for (const chart of Object.values(this.charts)) chart.paint(frame);
  }

  paint() {
    if (this.missing) {
      this.bones.remove();
      this.content.hidden = true;
      this.title.textContent = say("no_such");
      this.sentence.textContent = say("no_such_more");
      if (!this.sentence.parentNode.isSameNode(this.element)) this.element.append(this.sentence);
      return;
    }
    if (!this.machine) return;
    const { machine } = this;
    this.bones.remove();
    this.content.hidden = false;
    put(this.title, [machine.name, h("span.muted", {}, ` ${machine.site} · ${machine.client}`)]);
    const status = statusOf(machine);
    put(this.state, [glyph(status), h("span", {}, status.word, h("small.muted", {}, status.past))]);
    this.content.className = status.shown;
    this.sentence.textContent = freshFull(machine);
    for (const what of Object.keys(CHARTS)) this.paintNumber(what, machine[what]);
    const from = new Date(now() - RANGES[range]).toISOString();
    const match = Object.values(CHARTS).map((query) => ["match[]", query(this.id)]);
    this.export.href = `/api/v1/export?${new URLSearchParams([...match, ["start", from]])}`;
    this.paintCharts();
    if (this.book) this.paintLedger();
  }

  paintNumber(what, fact) {
    const { gauge, origin } = this.numbers[what];
    gauge.paint(fact);
    origin.textContent = fact ? [say("observed", { time: second(ms(fact.observed_at)) }),
      say("learnt", { time: second(ms(fact.learnt_at)) }), via(fact.path), say(fact.verified ? "verified" : "unverified")].join(" · ") : "";
  }

  paintLedger() {
    const { total, holes } = this.book;
    const text = JSON.stringify([total, holes.slice(0, HOLES)]);
    if (this.ledgerText === text) return;
    this.ledgerText = text;
    const lines = [["collected", total.collected], ["at_relay", total.at_relay], ["at_hub", total.at_hub], ["aged", total.expired], ["folded", total.folded], ["thinned", total.thinned], ["waiting", total.waiting]];
    const list = h("dl");
    for (const [name, of] of lines) if (of) list.append(h("dt", {}, say(name)), h("dd", {}, ...this.much(of)));
    for (const one of total.given_up) {
      list.append(h("dt", {}, say("given_up"), h("small.muted", {}, say(`why_${one.reason}`))), h("dd.bad", {}, ...this.much(one)));
    }
    list.append(h("dt", {}, say("duplicates")), h("dd", {}, whole(total.duplicates)));
    const rows = holes.slice(0, HOLES).map((hole) => this.holeLine(hole));
    const missing = rows.length ? h("ul.holes", {}, ...rows) : h("p.muted", {}, say("holes_none"));
    this.ledger.replaceChildren(list, h("h4", {}, say("holes")), missing);
  }

  // Samples where they were counted, and the measurements they belong to.
  much(of) {
    const n = of.estimated && of.ticks ? say("guess", { n: amount(of) }) : amount(of);
    return of.samples ? [n, h("small.muted", {}, many("ticks", of.ticks))] : [n];
  }

  holeLine(hole) {
    const from = hole.from ? clock(ms(hole.from)) : say("unknown_time");
    const until = hole.until ? clock(ms(hole.until)) : say("still");
    const when = hole.from || hole.until ? say("period", { from, until }) : from;
    const why = hole.reason ? ` (${say(`why_${hole.reason}`)})` : "";
    const much = hole.amount.ticks ? ` · ${this.much(hole.amount)[0]}` : "";
    return h(`li.${hole.kind}`, {}, h("span.swatch", { "aria-hidden": "true" }), `${say(`hole_${hole.kind}`)}${why} · ${when}${much}`);
  }
}

function put(element, children) {
  const text = children.map((child) => child.textContent ?? child).join("");
  const key = text + (children[0].getAttribute?.("class") || "");
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  element.replaceChildren(...children.filter((child) => child !== ""));
}
