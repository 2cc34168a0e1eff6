//! What does one round measure, and who spoils it?
//!
//! Nobody: a collector that fails, panics or hangs is marked, its figures are missing, and the others go on.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use vigie_model::{Resolution, Sample, Seq};

use super::cpu::Cpu;
use super::disk::Disks;
use super::filesystem::Filesystems;
use super::link::Links;
use super::load::Load;
use super::memory::Memory;
use super::mount::Reach;
use super::network::Network;
use super::own::Own;
use super::pressure::Pressure;
use super::process::Processes;
use super::sensor::Sensors;
use super::service::Services;
use super::{Choice, CollectError, CollectorStatus, Health, OwnFigures, Reading, Schema, Slot, Synthetic, Tier, Tiers};

/// How long a round waits for what can hang, all of it together.
///
/// A disk that has to spin up answers within this; what takes longer would make the tick's time a lie. A collector that
/// hangs costs this wait once, not in every round.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the machine's texts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    proc: PathBuf,
    sys: PathBuf,
    run: PathBuf,
}

impl Machine {
    /// This machine.
    pub fn here() -> Self {
        Self::at(Path::new("/"))
    }

    /// A machine whose `/proc`, `/sys` and `/run` stand below `root`: a host seen from a container, or a captured one in a test.
    pub fn at(root: &Path) -> Self {
        Self { proc: root.join("proc"), sys: root.join("sys"), run: root.join("run") }
    }

    pub(super) fn proc(&self, file: &str) -> PathBuf {
        self.proc.join(file)
    }

    pub(super) fn sys(&self, file: &str) -> PathBuf {
        self.sys.join(file)
    }

    pub(super) fn run(&self, file: &str) -> PathBuf {
        self.run.join(file)
    }
}

/// Everything that measures on this agent.
///
/// A round blocks for a fraction of a millisecond, and for two seconds at most when the machine hangs.
pub struct Collectors {
    schema: Schema,
    members: Vec<Member>,
    scratch: Vec<u8>,
    census: Option<Census>,
}

impl Collectors {
    /// What was chosen on the command line. `schema` is what the agent had declared before it was restarted.
    pub fn new(choice: Choice, schema: Schema) -> Self {
        match choice {
            Choice::Machine => Self::machine(&Machine::here(), schema),
            Choice::Synthetic(synthetic) => Self::synthetic(synthetic, schema),
        }
    }

    /// The collectors of a real machine.
    pub fn machine(machine: &Machine, schema: Schema) -> Self {
        // The agent's own cost stands first, so that it has its series even where labels run away. What can hang stands
        // last, the remote filesystems behind all others: they share one wait.
        let collectors: Vec<Box<dyn Collector>> = vec![
            Box::new(Own::new(machine)),
            Box::new(Cpu::new(machine)),
            Box::new(Load::new(machine)),
            Box::new(Memory::new(machine)),
            Box::new(Pressure::new(machine)),
            Box::new(Disks::new(machine)),
            Box::new(Network::new(machine)),
            Box::new(Processes::new(machine)),
            Box::new(Filesystems::new(machine, Reach::Local)),
            Box::new(Links::new(machine)),
            Box::new(Sensors::new()),
            Box::new(Services::new(machine)),
            Box::new(Filesystems::new(machine, Reach::Remote)),
        ];
        Self { census: Some(Census::default()), ..Self::of(collectors, schema) }
    }

    /// One collector that makes its figures up: exactly as many samples in each tick as it was given series.
    pub fn synthetic(synthetic: Synthetic, schema: Schema) -> Self {
        Self::of(vec![Box::new(synthetic.collector())], schema)
    }

    /// Runs every collector that is due and gives the samples of one tick: sorted, each series at most once.
    ///
    /// New series stand at the end of [`Collectors::schema`] afterwards; store them with the tick.
    pub fn round(&mut self, due: Tiers, seq: Seq, own: &OwnFigures) -> Vec<Sample> {
        let round = Round { due, seq, own, deadline: Instant::now() + PATIENCE };
        let mut reading = Reading::new(&mut self.schema);
        for member in self.members.iter_mut().filter(|member| due.contains(member.collector.tier())) {
            let outcome = member.collect(&round, &mut self.scratch, &mut reading);
            member.status.note(outcome, reading.take_strange());
        }
        if let Some(census) = self.census.as_mut().filter(|_| due.contains(Tier::Medium)) {
            census.record(&self.members, &mut reading);
        }
        reading.finish()
    }

    /// Every series declared so far.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Where series are declared: what others say is declared beside what is measured here.
    pub(crate) fn schema_mut(&mut self) -> &mut Schema {
        &mut self.schema
    }

    /// How each collector is doing, in the order they run.
    pub fn statuses(&self) -> impl Iterator<Item = &CollectorStatus> {
        self.members.iter().map(|member| &member.status)
    }

    fn of(collectors: Vec<Box<dyn Collector>>, schema: Schema) -> Self {
        Self { schema, members: collectors.into_iter().map(Member::new).collect(), scratch: Vec::new(), census: None }
    }
}

impl fmt::Debug for Collectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.statuses().map(|status| status.name);
        f.debug_struct("Collectors").field("names", &names.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

/// What a collector is told of its round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round<'a> {
    /// Which figures are wanted.
    pub(super) due: Tiers,
    /// The number of the tick.
    pub(super) seq: Seq,
    /// What the agent says of itself.
    pub(super) own: &'a OwnFigures,
    /// When the round goes on without an answer.
    pub(super) deadline: Instant,
}

/// Measures one kind of thing.
///
/// Panic-free by duty: the agent's own profile aborts on a panic. Other builds catch it, to be kind to developers.
pub(super) trait Collector: Send {
    /// The value of the label `collector`.
    fn name(&self) -> &'static str;

    /// The fastest tier it has figures for: it is not called in other rounds.
    fn tier(&self) -> Tier {
        Tier::Fast
    }

    /// Records what is due. What was recorded before an error stays.
    fn collect(
        &mut self,
        round: &Round<'_>,
        scratch: &mut Vec<u8>,
        reading: &mut Reading<'_>,
    ) -> Result<(), CollectError>;
}

struct Member {
    collector: Box<dyn Collector>,
    status: CollectorStatus,
}

impl Member {
    fn new(collector: Box<dyn Collector>) -> Self {
        let status = CollectorStatus::new(collector.name());
        Self { collector, status }
    }

    fn collect(
        &mut self,
        round: &Round<'_>,
        scratch: &mut Vec<u8>,
        reading: &mut Reading<'_>,
    ) -> Result<(), CollectError> {
        let guarded = AssertUnwindSafe(|| self.collector.collect(round, scratch, reading));
        catch_unwind(guarded).unwrap_or(Err(CollectError::Panicked))
    }
}

/// The collectors' own health, and how many series there are.
#[derive(Debug, Default)]
struct Census {
    slots: Option<(Slot, Slot)>,
    /// Declared when there is something to tell: most machines never have remote filesystems.
    members: Vec<Option<(Slot, Slot)>>,
}

impl Census {
    fn record(&mut self, members: &[Member], reading: &mut Reading<'_>) {
        self.members.resize(members.len(), None);
        for (Member { status, .. }, slots) in members.iter().zip(&mut self.members) {
            let up_now = match status.health {
                Health::Up => 1.0,
                Health::Down => 0.0,
                Health::Waiting | Health::Absent => continue,
            };
            let (up, strange) = *slots.get_or_insert_with(|| Self::declare_member(status.name, reading));
            reading.record(up, up_now);
            reading.record(strange, status.strange as f64);
        }
        let (count, refused) = *self.slots.get_or_insert_with(|| Self::declare(reading));
        reading.record(count, reading.schema().defs().len() as f64);
        reading.record(refused, reading.schema().refused() as f64);
    }

    fn declare_member(name: &str, reading: &mut Reading<'_>) -> (Slot, Slot) {
        let labels = [("collector", name)];
        let up = reading.gauge("vigie.agent.collector.up", &labels, "", Resolution::ONE);
        (up, reading.counter("vigie.agent.collector.strange", &labels, "{figure}", Resolution::ONE))
    }

    fn declare(reading: &mut Reading<'_>) -> (Slot, Slot) {
        let count = reading.gauge("vigie.agent.series.count", &[], "{series}", Resolution::ONE);
        (count, reading.counter("vigie.agent.series.refused", &[], "{series}", Resolution::ONE))
    }
}

#[cfg(test)]
mod tests {
    use vigie_model::{Boot, Moment, SeriesIx, Tick, UtcMs};

    use super::*;

    #[test]
    fn a_round_on_this_machine_is_a_well_formed_tick() {
        let mut collectors = Collectors::new(Choice::Machine, Schema::new());
        for seq in 1..4 {
            let samples = collectors.round(Tiers::ALL, Seq(seq), &OwnFigures::default());
            assert!(tick(samples).is_well_formed());
        }
        let names: Vec<_> = collectors.schema().defs().iter().map(|def| def.name()).collect();
        for name in
            ["system.cpu.time", "system.memory.utilization", "system.filesystem.utilization", "vigie.agent.cpu.time"]
        {
            assert!(names.contains(&name), "{name}");
        }
        let down: Vec<_> = collectors.statuses().filter(|status| status.health == Health::Down).collect();
        assert!(down.is_empty(), "{down:?}");
    }

    #[test]
    fn a_restarted_agent_measures_into_the_same_series() {
        let mut before = Collectors::new(Choice::Machine, Schema::new());
        before.round(Tiers::ALL, Seq(1), &OwnFigures::default());
        let known = before.schema().defs().to_vec();
        let mut after = Collectors::new(Choice::Machine, Schema::from_defs(known.clone()));
        after.round(Tiers::ALL, Seq(2), &OwnFigures::default());
        assert_eq!(after.schema().defs()[..known.len()], known);
    }

    #[test]
    fn a_machine_that_tells_nothing_stops_nobody() {
        let empty = tempfile::tempdir().expect("a directory");
        let mut collectors = Collectors::machine(&Machine::at(empty.path()), Schema::new());
        let samples = collectors.round(Tiers::ALL, Seq(1), &OwnFigures::default());
        assert!(!samples.is_empty(), "the agent still tells its own CPU time");
        assert!(collectors.statuses().all(|status| status.health != Health::Waiting));
    }

    #[test]
    fn a_machine_that_tells_nonsense_is_counted_and_stops_nobody() {
        let root = tempfile::tempdir().expect("a directory");
        let files = [
            "stat",
            "meminfo",
            "loadavg",
            "uptime",
            "diskstats",
            "net/dev",
            "vmstat",
            "pressure/cpu",
            "self/mountinfo",
        ];
        for file in files {
            let path = root.path().join("proc").join(file);
            std::fs::create_dir_all(path.parent().expect("below the root")).expect("a directory");
            std::fs::write(path, b"\xff\xfe cpu 1 \0\ncpu x y z\neth0: 1\n1 2 3\n").expect("a file");
        }
        let mut collectors = Collectors::machine(&Machine::at(root.path()), Schema::new());
        collectors.round(Tiers::ALL, Seq(1), &OwnFigures::default());
        assert!(collectors.statuses().map(|status| status.strange).sum::<u64>() > 0);
        for name in ["cpu", "load", "memory", "disk", "network"] {
            let status = collectors.statuses().find(|status| status.name == name).expect("on the list");
            assert_eq!(status.health, Health::Down, "{name}");
        }
    }

    #[test]
    fn a_collector_that_panics_or_fails_spoils_only_its_own_figures() {
        let collectors: Vec<Box<dyn Collector>> = vec![Box::new(Fragile), Box::new(Steady(None))];
        let mut collectors = Collectors::of(collectors, Schema::new());
        let samples = collectors.round(Tiers::ALL, Seq(1), &OwnFigures::default());
        assert_eq!(samples.len(), 1);
        let health: Vec<_> = collectors.statuses().map(|status| status.health).collect();
        assert_eq!(health, [Health::Down, Health::Up]);
    }

    #[test]
    fn a_cheap_round_leaves_the_costly_figures_alone() {
        let mut collectors = Collectors::new(Choice::Machine, Schema::new());
        let all = collectors.round(Tiers::ALL, Seq(1), &OwnFigures::default()).len();
        let fast = collectors.round(Tiers::NONE.with(Tier::Fast), Seq(2), &OwnFigures::default()).len();
        assert!(fast < all + 10, "{fast} of {all}");
        let defs = collectors.schema().defs();
        assert!(defs.iter().any(|def| def.name() == "vigie.agent.collector.up"));
    }

    #[test]
    fn an_open_file_tells_new_figures_in_each_round() {
        let mut collectors = Collectors::new(Choice::Machine, Schema::new());
        let before = tick(collectors.round(Tiers::ALL, Seq(1), &OwnFigures::default()));
        std::thread::sleep(Duration::from_millis(60));
        let after = tick(collectors.round(Tiers::ALL, Seq(2), &OwnFigures::default()));
        let switches = series(&collectors, "system.linux.cpu.context_switches");
        assert!(after.value(switches) > before.value(switches) && before.value(switches) > Some(0));
        let busy = series(&collectors, "system.cpu.utilization");
        assert_eq!(before.value(busy), None, "a share needs two looks");
        assert!(after.value(busy).is_some_and(|share| (0..=1000).contains(&share)));
    }

    #[test]
    fn what_the_agent_says_of_itself_is_recorded() {
        let own = OwnFigures { sent_bytes: Some(1234), ..OwnFigures::default() };
        let mut collectors = Collectors::new(Choice::Machine, Schema::new());
        let tick = tick(collectors.round(Tiers::ALL, Seq(1), &own));
        assert_eq!(tick.value(series(&collectors, "vigie.agent.network.io")), Some(1234));
    }

    struct Fragile;

    impl Collector for Fragile {
        fn name(&self) -> &'static str {
            "fragile"
        }

        fn collect(&mut self, _: &Round<'_>, _: &mut Vec<u8>, _: &mut Reading<'_>) -> Result<(), CollectError> {
            panic!("a test panic")
        }
    }

    struct Steady(Option<Slot>);

    impl Collector for Steady {
        fn name(&self) -> &'static str {
            "steady"
        }

        fn collect(&mut self, _: &Round<'_>, _: &mut Vec<u8>, reading: &mut Reading<'_>) -> Result<(), CollectError> {
            let slot = *self.0.get_or_insert_with(|| reading.gauge("steady", &[], "1", Resolution::ONE));
            reading.record(slot, 1.0);
            Ok(())
        }
    }

    /// The first series of that name.
    fn series(collectors: &Collectors, name: &str) -> SeriesIx {
        let at = collectors.schema().defs().iter().position(|def| def.name() == name).expect("declared");
        SeriesIx(u32::try_from(at).expect("below the limit"))
    }

    fn tick(samples: Vec<Sample>) -> Tick {
        Tick { seq: Seq(1), at: Moment { utc: UtcMs(0), boot: Boot { no: 1, ms: 0 } }, samples }
    }
}
