// Which sites and machines are there, and how are they?
import { amount, clock, freshFull, freshShort, glyph, h, lost, many, ms, say, seen, share, short, statusOf, whole } from "/say.js";
import { ask, countHeard } from "/page.js";

const MOST = 1000;
// What needs a person first.
const ORDER = ["critical", "warning", "silent", "stale", "late", "unknown", "heard", "ok", "asleep", "retired"];

let search = "";

export class List {
  constructor() {
    this.rows = new Map();
    this.sites = h("ul.sites", { "aria-labelledby": "sites-title" });
    this.body = h("tbody", { role: "rowgroup" });
    this.table = h("table.machines", { role: "table", "aria-labelledby": "machines-title" }, this.head(), this.body);
    this.count = h("span.muted");
    this.note = h("div.empty");
    this.input = h("input", { type: "search", "aria-label": say("search"), placeholder: say("search"), oninput: () => this.type() });
    this.input.value = search;
    this.bones = h("div.bones", { "aria-label": say("loading") }, ...Array.from({ length: 6 }, () => h("div")));
    this.siteTitle = h("h2", { id: "sites-title" }, say("sites"));
    this.element = h("div", {}, h("section", {}, this.siteTitle, this.sites), h("section", {},
      h("div.bar", {}, h("h2", { id: "machines-title" }, say("machines"), " ", this.count), this.input),
      this.bones, this.note, this.table));
    this.table.hidden = this.siteTitle.hidden = true;
  }

  head() {
    const names = ["status", "machine", "site", "fresh", "cpu", "memory", "waiting", "lost"];
    const cells = names.map((name) => h("th", { role: "columnheader", scope: "col", class: name }, say(name)));
    return h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...cells));
  }

  type() {
    search = this.input.value.trim();
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.load().then(() => this.paint()).catch(() => {}), 150);
  }

  leave() {
    clearTimeout(this.typing);
  }

  async load() {
    const wanted = search;
    const query = new URLSearchParams({ limit: MOST, sort: "attention", ...(wanted && { search: wanted }) });
    const [sites, machines] = await Promise.all([ask("/api/v1/sites"), ask(`/api/v1/machines?${query}`)]);
    // An answer to what was typed before the last key is of no use.
    if (wanted === search) this.got = { sites: sites.sites, ...machines };
  }

  paint(trouble) {
    if (!this.got) {
      this.bones.hidden = Boolean(trouble);
      return;
    }
    const { sites, machines, total } = this.got;
    this.bones.remove();
    this.paintSites(sites);
    this.paintNote(machines, total, trouble);
    this.paintRows(machines);
    if (!search) countHeard(machines);
  }

  paintSites(sites) {
    this.siteTitle.hidden = sites.length === 0;
    const cards = sites.map((site) => this.card(site));
    const text = cards.map((card) => card.textContent + card.className).join("\n");
    if (this.siteText !== text) this.sites.replaceChildren(...cards);
    this.siteText = text;
  }

  card(site) {
    const state = site.reachability.state;
    const real = { live: "heard", cut: "stale", unseen: "unknown" }[state] || state;
    const shown = seen(real);
    const link = site.relays.map((relay) => relay.link).find((link) => link.connected);
    const word = say(shown !== real ? "shown_copy" : ["live", "cut", "unseen"].includes(state) ? `site_${state}` : `shown_${shown}`);
    const since = shown !== real ? null : state === "cut" ? site.reachability.since : link?.since;
    const facts = [many("count", site.machines)];
    facts.push(site.relays.map((relay) => relay.name).join(", ") || say("site_direct"));
    const waiting = site.waiting.ticks
      ? h("p.held", {}, say(site.waiting.estimated ? "site_waiting_guess" : "site_waiting", { n: amount(site.waiting) }))
      : "";
    return h(`li.place.${shown}`, {},
      h("h3", {}, site.name, " ", h("span.muted", {}, site.client)),
      h("p.state", {}, glyph({ shown, was: "unknown" }), h("span", {}, word, since ? ` ${say("site_since", { time: clock(ms(since)) })}` : "")),
      h("p.muted", {}, facts.join(" · ")), waiting);
  }

  paintNote(machines, total, trouble) {
    const live = machines.filter((machine) => machine.reachability.state === "live").length;
    const count = total && !trouble ? say("heard_of_all", { live: whole(live), total: whole(total) }) : "";
    if (this.count.textContent !== count) this.count.textContent = total > machines.length ? "" : count;
    this.table.hidden = total === 0;
    const some = total > machines.length ? say("shown_of_all", { shown: whole(machines.length), total: whole(total) }) : "";
    const key = `${total === 0}${search}${some}`;
    if (this.noteKey === key) return;
    this.noteKey = key;
    if (total > 0) this.note.replaceChildren(some);
    else if (search) {
      const clear = () => { this.input.value = ""; this.type(); this.input.focus(); };
      this.note.replaceChildren(h("p", {}, say("no_match", { search })),
        h("button", { onclick: clear }, say("clear")));
    } else this.note.replaceChildren(h("p", {}, say("no_machine")), h("p.muted", {}, say("no_machine_more")));
  }

  paintRows(machines) {
    const rank = (machine) => ORDER.indexOf(machine.status.shown);
    const name = (machine) => `${machine.client}\0${machine.site}\0${machine.name}\0${machine.id}`;
    const sorted = machines.toSorted((a, b) => rank(a) - rank(b) || name(a).localeCompare(name(b)));
    const gone = new Set(this.rows.keys());
    sorted.forEach((machine, at) => {
      gone.delete(machine.id);
      let row = this.rows.get(machine.id);
      if (!row) this.rows.set(machine.id, (row = new Row(machine)));
      row.paint(machine);
      if (this.body.children[at] !== row.element) this.body.insertBefore(row.element, this.body.children[at] || null);
    });
    for (const id of gone) {
      this.rows.get(id).element.remove();
      this.rows.delete(id);
    }
  }
}

class Row {
  constructor(machine) {
    const cell = (name) => h("td", { role: "cell", class: name, "data-label": say(name) });
    this.status = cell("status");
    this.link = h("a", { href: `#m/${machine.id}` });
    this.site = cell("site");
    this.fresh = cell("fresh");
    this.cpu = new Gauge(cell("cpu"));
    this.memory = new Gauge(cell("memory"));
    this.waiting = cell("waiting");
    this.lost = cell("lost");
    const name = h("th", { role: "rowheader", scope: "row", class: "machine" }, this.link);
    const open = (event) => event.target.closest("a") || getSelection().toString() || this.link.click();
    this.element = h("tr", { role: "row", onclick: open }, this.status, name, this.site, this.fresh, this.cpu.element,
      this.memory.element, this.waiting, this.lost);
  }

  paint(machine) {
    const status = statusOf(machine);
    const state = JSON.stringify(status);
    if (this.state !== state) {
      this.state = state;
      this.element.className = status.shown;
      this.status.replaceChildren(glyph(status), h("span", {}, status.word, h("small.muted", {}, status.past)));
    }
    put(this.link, machine.name);
    put(this.site, `${machine.site} · ${machine.client}`);
    put(this.fresh, freshShort(machine));
    this.fresh.title = freshFull(machine);
    this.cpu.paint(machine.cpu);
    this.memory.paint(machine.memory);
    const gone = lost(machine.ledger);
    put(this.waiting, short(machine.ledger.waiting));
    put(this.lost, short(gone));
    this.waiting.classList.toggle("none", machine.ledger.waiting.ticks === 0);
    this.lost.classList.toggle("none", gone.ticks === 0);
    this.lost.classList.toggle("bad", gone.ticks > 0);
  }
}

// A number and a small bar of the same length: the number is read, the bar is compared.
export class Gauge {
  constructor(element) {
    this.element = element;
    this.text = h("span.number");
    this.fill = h("span");
    this.bar = h("span.gauge", { "aria-hidden": "true" }, this.fill);
    element.append(this.text, this.bar);
  }

  paint(fact) {
    put(this.text, fact ? share(fact.value) : "–");
    this.bar.hidden = !fact;
    if (fact) this.fill.style.width = `${Math.round(Math.min(1, Math.max(0, fact.value)) * 100)}%`;
  }
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
