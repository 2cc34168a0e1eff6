// What was one share, 0 to 100 %, over a while? Gaps are gaps, and the line ends where the knowledge ends.
import { clock, draw, h, hour, ms, now, say, second, share, whole } from "/say.js";
import { answer } from "/page.js";

const HEIGHT = 180;
const LEFT = 46;
const TOP = 8;
const BOTTOM = 24;
const TABLE_ROWS = 48;
let counter = 0;

export class Chart {
  constructor(what, onTable) {
    this.what = what;
    this.samples = [];
    this.id = `chart${(counter += 1)}`;
    this.svg = draw("svg", { class: "chart", tabindex: 0, role: "img", height: HEIGHT });
    this.value = h("output.value");
    this.table = h("div.scroll", { hidden: true, tabindex: 0 });
    this.element = h("figure.panel", {}, h("figcaption", {}, h("h3", {}, what), this.value), this.svg, this.table);
    this.svg.addEventListener("keydown", (event) => this.key(event, onTable));
    this.svg.addEventListener("pointermove", (event) => this.point(event.offsetX));
    this.svg.addEventListener("pointerleave", () => this.point(null));
    this.svg.addEventListener("blur", () => this.point(null));
    this.watcher = new ResizeObserver(() => this.frame && this.paint(this.frame, true));
    this.watcher.observe(this.element);
  }

  leave() {
    this.watcher.disconnect();
  }

  lastAt() {
    return this.samples.length ? this.samples.at(-1)[0] : 0;
  }

  take(values, anew) {
    const fresh = values.map(([at, value]) => [at * 1000, Number(value)]).filter(([, value]) => Number.isFinite(value));
    if (anew) this.samples = fresh.sort((a, b) => a[0] - b[0]);
    else this.samples.push(...fresh.filter(([at]) => at > this.lastAt()));
    this.changed = true;
  }

  paint(frame) {
    this.frame = frame;
    const width = Math.floor(this.svg.getBoundingClientRect().width);
    if (!width && this.table.hidden) return;
    this.until = now();
    this.from = this.until - frame.length;
    while (this.samples.length && this.samples[0][0] < this.from) this.samples.shift();
    this.width = width - LEFT - 1;
    this.runs = this.split();
    if (!this.table.hidden) this.fillTable();
    if (!width) return;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.svg.setAttribute("aria-label", `${this.summary()} ${say("chart_keys")}`);
    this.cursor = draw("g", { class: "cursor" });
    this.svg.replaceChildren(this.textures(), ...this.axes(), ...this.zones(), ...this.lines(), this.cursor);
    this.mark();
  }

  x(at) {
    return LEFT + ((at - this.from) / (this.until - this.from)) * this.width;
  }

  y(value) {
    return TOP + (1 - Math.min(1, Math.max(0, value))) * (HEIGHT - TOP - BOTTOM);
  }

  // Stretches without a gap. Three intervals without a sample are a gap, as three beats are silence.
  split() {
    const most = 3 * this.frame.interval + 5000;
    const runs = [];
    for (const sample of this.samples) {
      const run = runs.at(-1);
      if (run && sample[0] - run.at(-1)[0] <= most) run.push(sample);
      else runs.push([sample]);
    }
    return runs;
  }

  axes() {
    const parts = [0, 0.25, 0.5, 0.75, 1].map((value) => draw("path", { class: "grid", d: `M${LEFT} ${this.y(value)}h${this.width}` }));
    for (const value of [0, 0.5, 1]) parts.push(draw("text", { x: LEFT - 6, y: this.y(value) + 4, "text-anchor": "end" }, `${value * 100} %`));
    const step = [5, 10, 15, 30, 60, 120, 240, 360, 720].find((n) => n === 720 || (n * 60e3 * this.width) / this.frame.length >= 64) * 60e3;
    const zone = new Date().getTimezoneOffset() * 60e3;
    for (let at = Math.ceil((this.from - zone) / step) * step + zone; at < this.until; at += step) {
      const x = this.x(at);
      parts.push(draw("path", { class: "grid", d: `M${x} ${TOP}V${HEIGHT - BOTTOM + 4}` }));
      if (x > LEFT + 16 && x < LEFT + this.width - 14) parts.push(draw("text", { x, y: HEIGHT - 6, "text-anchor": "middle" }, hour(at)));
    }
    return parts;
  }

  textures() {
    const pattern = (name, d) => draw("pattern", { id: this.id + name, width: 8, height: 8, patternUnits: "userSpaceOnUse" },
      draw("path", { d, class: "hatch" }));
    return draw("defs", {}, pattern("w", "M-2 2 2-2M0 8 8 0M6 10l4-4"), pattern("x", "M0 8 8 0M0 0l8 8"));
  }

  // Why nothing is drawn: the ledger's holes where it knows the times, otherwise only that it is not here.
  zones() {
    const parts = [];
    const last = this.lastAt();
    const cut = ["cut", "late"].includes(this.frame.state);
    const known = this.frame.holes.filter((hole) => hole.from).map(({ kind, from, until, amount }) =>
      ({ kind, from: ms(from), until: until ? ms(until) : this.until, n: amount.samples ?? amount.ticks }));
    if (last && this.until - last > 1000 && !known.some((zone) => zone.until >= this.until - 1000 && zone.from <= last + 60e3)) {
      known.push({ kind: cut ? "waiting" : "now", from: last, until: this.until });
    }
    for (const zone of known) {
      const from = this.x(Math.max(zone.from, this.from));
      const to = this.x(Math.min(zone.until, this.until));
      if (!(to > from)) continue;
      const box = { x: from, y: TOP, width: to - from, height: HEIGHT - TOP - BOTTOM };
      const fill = zone.kind === "absent" ? "none" : `url(#${this.id}${zone.kind === "lost" ? "x" : "w"})`;
      const text = say(`zone_${zone.kind}`, { n: whole(zone.n || 0) });
      const part = draw("g", { class: `zone ${zone.kind}` }, draw("title", {}, text), draw("rect", { ...box, fill }));
      if (zone.kind === "absent") part.append(draw("path", { class: "dots", d: `M${from} ${this.y(0) - 1}H${to}` }));
      const wide = text.length * 6.6 + 8;
      if (to - from > wide + 4) {
        const x = (from + to) / 2;
        part.append(draw("rect", { class: "plate", x: x - wide / 2, y: TOP + 6, width: wide, height: 18 }),
          draw("text", { x, y: TOP + 19, "text-anchor": "middle" }, text));
      }
      parts.push(part);
    }
    return parts;
  }

  // Where a pixel holds several samples: their mean as the line, all between least and most as a band.
  lines() {
    const parts = [];
    for (const run of this.runs) {
      const columns = this.columns(run);
      const at = (column) => `${column.x.toFixed(1)} `;
      const line = columns.map((column) => at(column) + this.y(column.mean).toFixed(1)).join("L");
      if (columns.some((column) => column.max > column.min)) {
        const over = columns.map((column) => at(column) + (this.y(column.max) - 0.5).toFixed(1)).join("L");
        const under = columns.toReversed().map((column) => at(column) + (this.y(column.min) + 0.5).toFixed(1)).join("L");
        parts.push(draw("path", { class: "band", d: `M${over}L${under}Z` }));
      }
      // A single sample is a dot: a line needs two.
      parts.push(draw("path", { class: "line", d: columns.length > 1 ? `M${line}` : `M${line}h0.1` }));
    }
    return parts;
  }

  columns(run) {
    const columns = [];
    for (const [at, value] of run) {
      const pixel = Math.floor(this.x(at));
      let column = columns.at(-1);
      if (!column || column.pixel !== pixel) columns.push((column = { pixel, x: 0, mean: 0, min: value, max: value, n: 0 }));
      column.n += 1;
      column.x += (this.x(at) - column.x) / column.n;
      column.mean += (value - column.mean) / column.n;
      column.min = Math.min(column.min, value);
      column.max = Math.max(column.max, value);
    }
    return columns;
  }

  summary() {
    const name = { what: this.what, range: this.frame.name };
    if (!this.samples.length) return say("chart_none", name);
    const { min, mean, max, peak } = sum(this.samples);
    const gaps = this.runs.length - 1;
    return say("chart_sum", { ...name, min: share(min), mean: share(mean), max: share(max), time: clock(peak), gaps, last: second(this.lastAt()) });
  }

  // The cursor stands on a sample, or nowhere.
  point(x) {
    if (x === null) this.at = null;
    else {
      const wanted = this.from + ((x - LEFT) / this.width) * (this.until - this.from);
      this.at = nearest(this.samples, wanted);
    }
    this.mark();
  }

  key(event, onTable) {
    if (event.key === "t" || event.key === "T") return onTable();
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -9e9, End: 9e9 }[event.key];
    if (!step || !this.samples.length) return;
    event.preventDefault();
    const last = this.samples.length - 1;
    const at = this.at == null ? last : this.samples.findIndex((sample) => sample[0] >= this.at);
    const next = at + step * Math.max(1, Math.round(last / 300));
    this.at = this.samples[Math.min(last, Math.max(0, next))][0];
    this.mark();
    answer(this.value.textContent);
  }

  mark() {
    const sample = this.at != null && this.samples.find((sample) => sample[0] === this.at);
    const shown = sample || this.samples.at(-1);
    this.value.textContent = shown ? `${share(shown[1])} · ${second(shown[0])}` : say("no_value");
    if (!this.cursor) return;
    this.cursor.replaceChildren();
    if (!sample) return;
    const x = this.x(sample[0]);
    this.cursor.append(draw("path", { d: `M${x} ${TOP}V${HEIGHT - BOTTOM}` }), draw("circle", { cx: x, cy: this.y(sample[1]), r: 4 }));
  }

  showTable(on) {
    this.table.hidden = !on;
    this.svg.classList.toggle("gone", on);
    if (this.frame) this.paint(this.frame);
  }

  fillTable() {
    const length = this.frame.length / TABLE_ROWS;
    const rows = [];
    for (let n = TABLE_ROWS - 1; n >= 0; n -= 1) {
      const from = this.from + n * length;
      const some = this.samples.filter(([at]) => at >= from && at < from + length);
      const { min, mean, max } = some.length ? sum(some) : {};
      const cells = some.length ? [min, mean, max].map((value) => h("td", {}, share(value))) : [h("td.muted", { colspan: 3 }, say("no_value"))];
      rows.push(h("tr", {}, h("th", { scope: "row" }, clock(from)), ...cells));
    }
    const head = ["time", "min", "mean", "max"].map((name) => h("th", { scope: "col" }, say(name)));
    this.table.setAttribute("aria-label", this.summary());
    this.table.replaceChildren(h("table", {}, h("caption.hidden", {}, this.summary()), h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)));
  }
}

function sum(samples) {
  const all = { min: Infinity, max: -Infinity, mean: 0, peak: 0 };
  for (const [at, value] of samples) {
    all.min = Math.min(all.min, value);
    if (value > all.max) Object.assign(all, { max: value, peak: at });
    all.mean += value / samples.length;
  }
  return all;
}

function nearest(samples, at) {
  const off = (sample) => Math.abs(sample[0] - at);
  return samples.length ? samples.reduce((best, sample) => (off(sample) < off(best) ? sample : best))[0] : null;
}
