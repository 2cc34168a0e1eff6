//! The fleet as `vigie-serve` looks at it.

use std::sync::Arc;

use vigie_model::{GapReason, NodeId, Now, Role, Slug, UtcMs};
use vigie_query::Source;
use vigie_serve::{
    Described, Exposition, Glance, Intake, Inventory, Ledger, Line, LocalPage, Lookout, Machine, NotReady, Own, Raw,
    RawError, Reachability, Site, Surroundings, Upward,
};
use vigie_store::Pressure;
use vigie_sync::Ledger as Account;

use crate::described::described;
use crate::fleet::Fleet;

impl Lookout for Fleet {
    fn role(&self) -> Role {
        self.role
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn described(&self) -> Vec<Described> {
        let pushed = self.intake_of().map(|intake| intake.described()).unwrap_or_default();
        described(&self.memory()).into_iter().chain(pushed).collect()
    }

    fn intake(&self) -> Option<Arc<dyn Intake>> {
        self.intake_of()
    }

    fn ready(&self) -> Result<(), NotReady> {
        let mut reasons = self.memory().not_ready.clone();
        if self.log().pressure() == Pressure::Hard {
            reasons.push("the store has no room; nothing new is taken in until there is".to_owned());
        }
        if reasons.is_empty() { Ok(()) } else { Err(NotReady { reasons }) }
    }

    fn upward(&self) -> Option<Upward> {
        self.way_up()
    }

    fn line(&self) -> Option<Line> {
        self.line_up()
    }

    fn surroundings(&self) -> Option<Arc<Surroundings>> {
        self.upstream.as_ref().map(|up| up.around.clone())
    }

    fn own(&self) -> Option<Own> {
        self.upstream.as_ref()?.own.as_ref().map(|own| own.ask())
    }

    fn sites(&self) -> Vec<Site> {
        self.chosen_sites(&mut |_, _| true)
    }

    fn sites_where(&self, wanted: &mut dyn FnMut(&Slug, &Slug) -> bool) -> Vec<Site> {
        self.chosen_sites(wanted)
    }

    fn machines_where(&self, wanted: &mut dyn FnMut(NodeId, &Slug, &Slug) -> bool) -> Vec<Machine> {
        self.chosen_machines(wanted)
    }

    fn glances_where(&self, wanted: &mut dyn FnMut(NodeId, &Slug, &Slug) -> bool) -> Vec<Glance> {
        self.chosen_glances(wanted)
    }

    fn machines_at(
        &self,
        there: &mut dyn FnMut(&Slug, &Slug) -> bool,
        wanted: &mut dyn FnMut(NodeId, &Slug, &Slug) -> bool,
    ) -> Vec<Machine> {
        self.chosen_machines_at(there, wanted)
    }

    fn glances_at(
        &self,
        there: &mut dyn FnMut(&Slug, &Slug) -> bool,
        wanted: &mut dyn FnMut(NodeId, &Slug, &Slug) -> bool,
    ) -> Vec<Glance> {
        self.chosen_glances_at(there, wanted)
    }

    fn machine(&self, id: NodeId) -> Option<Machine> {
        self.one_machine(id)
    }

    fn inventory(&self, id: NodeId) -> Inventory {
        self.inventory_of(id)
    }

    fn page_of(&self, relay: NodeId) -> Option<LocalPage> {
        self.page_of(relay)
    }

    fn ledger(&self, id: NodeId) -> Option<Ledger> {
        self.one_ledger(id)
    }

    fn raw(&self, id: NodeId, from: UtcMs, to: UtcMs, ask: bool) -> Result<Raw, RawError> {
        self.raw_of(id, from, to, ask)
    }

    fn source(&self) -> &dyn Source {
        self
    }

    fn own_metrics(&self, out: &mut Exposition) {
        let mut account = Account::default();
        self.memory().streams().for_each(|stream| account += &stream.account);
        let part = if self.role == Role::Hub { "hub" } else { "relay" };
        let mut gauge =
            |name: &str, help: &str, value: f64| out.gauge(&format!("vigie_{part}_{name}"), help).value(value);
        gauge("ticks_collected", "Numbers given to ticks by all agents heard of.", account.collected as f64);
        gauge("ticks_at_hub", "Ticks at the hub.", account.at_hub as f64);
        gauge("ticks_at_relay", "Ticks kept by the relay and not yet at the hub.", account.at_relay as f64);
        gauge("ticks_folded", "Ticks known here as hours only.", account.folded as f64);
        gauge("ticks_waiting", "Ticks collected and not yet heard of.", account.waiting as f64);
        gauge("ticks_verified", "Ticks that carry their agent's signature.", account.verified as f64);
        gauge("samples", "Samples ever kept, each once.", account.samples as f64);
        gauge("duplicates", "Ticks that came again and were counted once.", account.duplicates as f64);
        let view = self.view();
        gauge("sessions", "Open connections.", view.sessions.len() as f64);
        gauge(
            "unread_sessions",
            "Connections ended because their peer did not read, since the start.",
            view.unread as f64,
        );
        gauge("store_bytes", "What the store's records take.", self.log().used_bytes() as f64);
        gauge("store_cap_bytes", "What they may take.", self.log().cap_bytes() as f64);
        let mut given_up = out.gauge(&format!("vigie_{part}_ticks_given_up"), "Ticks that will not come, by reason.");
        for reason in GapReason::ALL {
            let ticks = account.given_up.get(&reason).copied().unwrap_or(0);
            given_up = given_up.with(&[("reason", reason.as_str())], ticks as f64);
        }
        let states_now = self.all_states();
        let mut states = out.gauge(&format!("vigie_{part}_machines"), "Machines by reachability.");
        for state in Reachability::ALL {
            let count = states_now.iter().filter(|now| **now == state).count();
            states = states.with(&[("reachability", state.as_str())], count as f64);
        }
    }
}
