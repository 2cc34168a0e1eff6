//! Is what memory says of the newest samples what the log would say?

mod common;

use std::sync::Arc;

use common::{Hub, Machine, T0, at, def, newest_of, plain_tick, tick};
use proptest::prelude::*;
use vigie_model::{Boot, Tick};
use vigie_query::{Hints, Matcher, SourceError};
use vigie_serve::{Glance, Lookout};

/// One thing that happens to a machine, or to the one who asks.
#[derive(Debug, Clone)]
enum Step {
    /// It measures some series after some seconds; the tick passes by live, or does not.
    Measure { after_s: u64, series: u8, live: bool },
    /// Some of what is not durable becomes so: each bit one tick, the oldest first.
    Commit { which: u16 },
    /// One that is not durable is given up.
    GiveUp { which: usize },
    /// Its wall clock is set.
    SetClock { ahead_ms: i64 },
    /// It starts again.
    Reboot,
    /// A peer told its clock, in its boot now or the one before.
    Anchor { before: bool, error_ms: u32, off_ms: i64 },
    /// It declares another series.
    Declare,
    /// Its disk is replaced.
    NewLife,
    /// The hub starts again.
    Restart,
    /// It is called something else.
    Rename { name: bool },
    /// Somebody asks.
    Ask { back_s: i64, end_s: i64 },
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (1u64..70, any::<u8>(), prop::bool::weighted(0.8))
            .prop_map(|(after_s, series, live)| Step::Measure { after_s, series, live }),
        6 => prop_oneof![Just(u16::MAX), any::<u16>()].prop_map(|which| Step::Commit { which }),
        1 => (0usize..4).prop_map(|which| Step::GiveUp { which }),
        1 => prop_oneof![Just(0), -90_000i64..90_000, -1_500i64..1_500].prop_map(|ahead_ms| Step::SetClock { ahead_ms }),
        1 => Just(Step::Reboot),
        1 => (any::<bool>(), 0u32..500, -50i64..50)
            .prop_map(|(before, error_ms, off_ms)| Step::Anchor { before, error_ms, off_ms }),
        1 => Just(Step::Declare),
        1 => Just(Step::NewLife),
        1 => Just(Step::Restart),
        1 => any::<bool>().prop_map(|name| Step::Rename { name }),
        6 => (1i64..400, prop_oneof![4 => Just(0i64), 1 => -200i64..200])
            .prop_map(|(back_s, end_s)| Step::Ask { back_s, end_s }),
    ]
}

/// A machine in the middle of its history.
struct World {
    hub: Hub,
    machine: Machine,
    life: u64,
    true_s: u64,
    ahead_ms: i64,
    boot_no: u32,
    booted_s: u64,
    next: u64,
    declared: u32,
    /// Not durable yet.
    under_way: Vec<Arc<Tick>>,
    name: &'static str,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            hub: Hub::new(),
            machine: Machine::new(7, 1),
            life: 1,
            true_s: 0,
            ahead_ms: 0,
            boot_no: 1,
            booted_s: 0,
            next: 1,
            declared: 0,
            under_way: Vec::new(),
            name: "till",
        };
        world.begin_life();
        world.enrol();
        world
    }

    fn begin_life(&mut self) {
        self.machine = Machine::new(7, self.life);
        (self.next, self.declared) = (1, 2);
        self.under_way.clear();
        let defs = (0..2).map(series).collect();
        self.hub.commit(&self.machine, vec![self.machine.hello(), self.machine.schema(0, defs)]);
    }

    fn enrol(&self) {
        self.hub.fleet.enrolled(self.machine.known("lyon", self.name));
    }

    fn boot(&self) -> Boot {
        Boot { no: self.boot_no, ms: (self.true_s - self.booted_s) * 1_000 }
    }

    fn true_ms(&self) -> i64 {
        T0 + self.true_s as i64 * 1_000
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Measure { after_s, series, live } => {
                self.true_s += after_s;
                // One more than is declared: a tick may come before its definitions.
                let series: Vec<u32> = (0..=self.declared.min(7)).filter(|ix| series >> ix & 1 == 1).collect();
                let tick = tick(self.next, self.boot(), self.true_ms() + self.ahead_ms, &series);
                self.next += 1;
                if *live {
                    self.hub.sees(&self.machine, &tick);
                }
                self.under_way.push(tick);
            }
            Step::Commit { which } => {
                let chosen = |at: usize| which >> (at % 16) & 1 == 1;
                let (now, later): (Vec<_>, Vec<_>) =
                    self.under_way.drain(..).enumerate().partition(|(at, _)| chosen(*at));
                self.under_way = later.into_iter().map(|(_, tick)| tick).collect();
                let now = self.machine.ticks(now.into_iter().map(|(_, tick)| tick));
                self.hub.commit(&self.machine, vec![now]);
            }
            Step::GiveUp { which } => {
                if *which < self.under_way.len() {
                    let gone = self.under_way.remove(*which);
                    self.hub.commit(&self.machine, vec![self.machine.gap(gone.seq.0)]);
                }
            }
            Step::SetClock { ahead_ms } => self.ahead_ms = *ahead_ms,
            Step::Reboot => {
                self.true_s += 30;
                self.boot_no += 1;
                self.booted_s = self.true_s;
            }
            Step::Anchor { before, error_ms, off_ms } => {
                let boot = if *before && self.boot_no > 1 {
                    // It was booted an hour before, as far as anybody knows.
                    (Boot { no: self.boot_no - 1, ms: 3_600_000 }, T0 + self.booted_s as i64 * 1_000 - 30_000)
                } else {
                    (self.boot(), self.true_ms())
                };
                self.hub.commit(&self.machine, vec![self.machine.anchor(boot.0, boot.1 + off_ms, *error_ms)]);
            }
            Step::Declare if self.declared < 7 => {
                let schema = self.machine.schema(self.declared, vec![series(self.declared)]);
                self.declared += 1;
                self.hub.commit(&self.machine, vec![schema]);
            }
            Step::Declare => {}
            Step::NewLife => {
                self.life += 1;
                self.begin_life();
            }
            Step::Restart => self.hub.restart(&[self.machine.known("lyon", self.name)]),
            Step::Rename { name } => {
                self.name = if *name { "till" } else { "counter" };
                self.enrol();
            }
            Step::Ask { back_s, end_s } => self.ask(*back_s, *end_s),
        }
    }

    fn ask(&self, back_s: i64, end_s: i64) {
        let end_ms = self.true_ms() + end_s * 1_000;
        let range = (end_ms - back_s * 1_000 + 1, end_ms);
        let everything = self.hub.ask(&[], range, Hints::default()).expect("the log can be read");
        let newest = self.hub.newest(&[], range).expect("memory or the log");
        assert_eq!(newest, newest_of(&everything), "from {} to {}", range.0 - T0, range.1 - T0);
        let labels = self.hub.labels(&[], range);
        assert!(everything.keys().all(|series| labels.contains(series)), "a series with samples is in the list");
        assert!(everything.keys().all(|series| series.get("machine") == self.name));
        let whole: Vec<Glance> = self.hub.fleet.machines().iter().map(Glance::from).collect();
        assert_eq!(
            self.hub.fleet.glances_where(&mut |_, _, _| true),
            whole,
            "a table says of a machine what its page says"
        );
    }
}

fn series(ix: u32) -> vigie_model::SeriesDef {
    def(&format!("figure.{}", ix % 3), &[("of", &ix.to_string())])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn memory_never_says_what_the_log_would_not(steps in prop::collection::vec(any_step(), 1..80)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.ask(300, 0);
        // What memory learnt from the log in answering must hold as well.
        world.ask(300, 0);
        world.ask(30, -20);
    }
}

/// A machine that was asked about once, while it measures two series every ten seconds and a third once.
fn steady() -> (Hub, Machine) {
    let (hub, machine) = (Hub::new(), Machine::new(1, 1));
    let defs = ["a", "b", "slow"].map(|name| def(name, &[])).to_vec();
    hub.fleet.enrolled(machine.known("lyon", "till"));
    hub.commit(&machine, vec![machine.hello(), machine.schema(0, defs), machine.ticks([plain_tick(1, &[0, 1, 2])])]);
    (2..=20).for_each(|seq| pass(&hub, &machine, seq, &[0, 1]));
    let asked = hub.newest(&[], (at(20) - 300_000, at(20))).expect("the log can be read");
    assert_eq!(asked.len(), 3);
    (hub, machine)
}

/// A tick passes by and becomes durable.
fn pass(hub: &Hub, machine: &Machine, seq: u64, series: &[u32]) {
    let tick = plain_tick(seq, series);
    hub.sees(machine, &tick);
    hub.commit(machine, vec![machine.ticks([tick])]);
}

fn times(hub: &Hub, range: (i64, i64)) -> Result<Vec<(String, i64)>, SourceError> {
    let newest = hub.newest(&[], range)?;
    Ok(newest.into_iter().map(|(labels, (at_ms, _))| (labels.get("__name__").to_owned(), at_ms)).collect())
}

#[test]
fn once_asked_memory_answers_for_fast_and_slow_series_without_the_log() {
    let (hub, machine) = steady();
    (21..=29).for_each(|seq| pass(&hub, &machine, seq, &[0, 1]));
    hub.sees(&machine, &plain_tick(30, &[1]));
    hub.log().close();
    let range = (at(30) - 300_000, at(30));
    let named = |name: &str, seq| (name.to_owned(), at(seq));
    assert_eq!(times(&hub, range), Ok(vec![named("a", 29), named("b", 30), named("slow", 1)]));
    let later = (at(40) - 300_000 + 1, at(40));
    assert_eq!(times(&hub, later), Ok(vec![named("a", 29), named("b", 30)]), "the slow one is too old by then");
    let only_b = hub.newest(&[Matcher::equal("__name__", "b")], range).expect("memory answers");
    assert_eq!(only_b.values().map(|(_, bits)| f64::from_bits(*bits)).collect::<Vec<_>>(), [300.1]);
}

#[test]
fn the_log_is_asked_for_what_memory_can_not_know() {
    let (hub, machine) = steady();
    hub.log().close();
    let unreadable = |range| matches!(times(&hub, range), Err(SourceError::Failed(_)));
    assert!(unreadable((at(0), at(10))), "a moment in the past");
    let all = hub.ask(&[], (at(0), at(20)), Hints::default());
    assert!(matches!(all, Err(SourceError::Failed(_))), "all samples");
    assert!(times(&hub, (at(1), at(20))).is_ok());
    // A tick that came with a backlog has not passed by.
    let hub = {
        let (hub, _) = steady();
        hub.commit(&machine, vec![machine.ticks([plain_tick(22, &[0])])]);
        hub.commit(&machine, vec![machine.ticks([plain_tick(21, &[1])])]);
        hub
    };
    let range = (at(22) - 300_000, at(22));
    let named = |name: &str, seq| (name.to_owned(), at(seq));
    assert_eq!(times(&hub, range), Ok(vec![named("a", 22), named("b", 21), named("slow", 1)]));
    hub.log().close();
    assert!(times(&hub, range).is_ok(), "and was taken in then");
}

#[test]
fn what_happened_untold_is_found_by_listening() {
    let (hub, machine) = steady();
    hub.log().commit(vec![machine.ticks([plain_tick(21, &[0, 1])])]).expect("a disk in order");
    let range = (at(21) - 300_000, at(21));
    let named = |name: &str, seq| (name.to_owned(), at(seq));
    assert_eq!(times(&hub, range), Ok(vec![named("a", 20), named("b", 20), named("slow", 1)]));
    hub.fleet.listen();
    assert_eq!(times(&hub, range), Ok(vec![named("a", 21), named("b", 21), named("slow", 1)]));
}

#[test]
fn a_time_that_is_put_right_brings_back_what_seemed_too_old() {
    let (mut hub, machine) = (Hub::new(), Machine::new(1, 1));
    let behind_ms = 600_000;
    let late = |seq: u64, series: &[u32]| tick(seq, Boot { no: 1, ms: seq * 10_000 }, at(seq) - behind_ms, series);
    let defs = vec![def("a", &[]), def("slow", &[])];
    let ticks = machine.ticks([late(1, &[1]), late(2, &[0]), late(3, &[0])]);
    hub.commit(&machine, vec![machine.hello(), machine.schema(0, defs), ticks]);
    hub.restart(&[machine.known("lyon", "till")]);
    let named = |name: &str, at_ms| (name.to_owned(), at_ms);
    let wrong = (at(2) - behind_ms, at(3) - behind_ms);
    assert_eq!(times(&hub, wrong), Ok(vec![named("a", wrong.1)]));
    hub.commit(&machine, vec![machine.anchor(Boot { no: 1, ms: 30_000 }, at(3), 20)]);
    assert_eq!(times(&hub, (at(1), at(3))), Ok(vec![named("a", at(3)), named("slow", at(1))]));
}
