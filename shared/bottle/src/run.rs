//! Seeds, one after the other or side by side.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::plan::{Kind, Plan};
use crate::seeds::{MOST_FAILURES, side_by_side};
use crate::world::{Tally, World};

/// After the last trouble, before freshness is asked for: an idle connection is noticed, and a new one dialled.
const SETTLE_MS: u64 = 200_000;

/// How long everything may take to arrive after the last tick, on a line that nobody measured.
const DRAIN_MS: u64 = 45 * 60_000;

/// A silence after which nothing more is expected: longer than any acknowledgement waits for company.
const QUIET_MS: u64 = 240_000;

/// How long silence must last once all has arrived.
const SILENCE_MS: u64 = 900_000;

/// A run that did not keep the promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which seed.
    pub seed: u64,
    /// What is not as promised.
    pub what: String,
    /// What was planned.
    pub plan: String,
    /// The last things that happened, when somebody wanted to know.
    pub lines: Vec<String>,
}

/// A run that kept the promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// What happened, in numbers.
    pub tally: Tally,
    /// The same when the same happened.
    pub hash: u64,
    /// Virtual time.
    pub ms: u64,
}

/// Runs a plan.
///
/// # Errors
/// When the promise was not kept, or the program panicked.
pub fn run(plan: Plan, tracing: bool) -> Result<Kept, Box<Failure>> {
    listen_to_panics();
    let mut world = World::new(plan.clone(), tracing);
    RUNNING.set(true);
    let panicked = catch_unwind(AssertUnwindSafe(|| live(&mut world))).err();
    RUNNING.set(false);
    let panicked = panicked.map(|_| LAST_PANIC.with_borrow(|said| format!("panicked: {said}")));
    match panicked.or_else(|| world.failure().map(ToOwned::to_owned)) {
        None => Ok(Kept { tally: world.tally(), hash: world.hash(), ms: world.now }),
        Some(what) => {
            let lines = world.lines().map(ToOwned::to_owned).collect();
            Err(Box::new(Failure { seed: plan.seed, what, plan: plan.to_string(), lines }))
        }
    }
}

/// Runs what a seed means; one in a hundred twice, because a seed that means two things means nothing.
///
/// # Errors
/// As [`run`]; the trace is in it.
pub fn run_seed(seed: u64, minutes: Option<u64>) -> Result<Kept, Box<Failure>> {
    let plan = Plan::of_seed(seed, minutes);
    let kept = run(plan.clone(), false);
    let again = kept.is_err() || seed.is_multiple_of(100);
    if !again {
        return kept;
    }
    match (kept, run(plan.clone(), true)) {
        (Ok(first), Ok(second)) if first.hash == second.hash => Ok(first),
        (Err(_), Err(second)) => Err(second),
        (_, second) => Err(Box::new(Failure {
            seed,
            what: "two runs of the seed differ".to_owned(),
            plan: plan.to_string(),
            lines: second.err().map(|failure| failure.lines).unwrap_or_default(),
        })),
    }
}

fn live(world: &mut World) {
    let (chaos, heal) = (world.plan.chaos_ms, world.plan.heal_ms);
    world.run_until(chaos);
    world.heal();
    if world.must_be_fresh() {
        world.oracle.fresh_from = Some(chaos + SETTLE_MS);
    }
    world.run_until(chaos + SETTLE_MS + heal);
    world.rest();
    let deadline = world.now + DRAIN_MS + drain_ms(world);
    if world.plan.keeps_ticks_back() {
        hours_come(world, deadline);
        world.asked_for_all = true;
    }
    while world.failure().is_none() {
        world.ask_for_all();
        world.run_until(world.now + 30_000);
        let quiet = world.now - world.oracle.last_frame_at > QUIET_MS;
        if quiet && world.lacking().is_none() && world.rows_lacking().is_none() {
            break;
        }
        if world.now > deadline {
            let lacking = world.lacking().or_else(|| world.rows_lacking());
            let lacking = lacking.unwrap_or_else(|| "nothing is lacking".to_owned());
            let frames = world.oracle.quiet_frames;
            return world.broken(format!("no rest although all has been well for long ({frames} frames): {lacking}"));
        }
    }
    world.oracle.quiet_frames = 0;
    world.run_until(world.now + SILENCE_MS);
    let frames = world.oracle.quiet_frames;
    if frames > 0 && world.failure().is_none() {
        world.broken(format!("{frames} frames were sent although nothing changed"));
    }
    if world.failure().is_none() {
        world.check_end();
    }
}

/// Where ticks stay at the relay, all that it folded is at the hub before anybody asks for them.
fn hours_come(world: &mut World, deadline: u64) {
    while world.failure().is_none() {
        world.run_until(world.now + 30_000);
        let quiet = world.now - world.oracle.last_frame_at > QUIET_MS;
        match world.hours_lacking() {
            None if quiet => return,
            Some(lacking) if world.now > deadline => return world.broken(lacking),
            None | Some(_) if world.now > deadline => return,
            None | Some(_) => {}
        }
    }
}

/// What the narrowest line needs for everything, and as much again.
fn drain_ms(world: &World) -> u64 {
    let ticks = world.tally().ticks;
    let narrowest = world.links.iter().filter_map(|link| link.plan.rate).min();
    narrowest.map_or(0, |rate| ticks * 200 * 1_000 * 2 / rate)
}

thread_local! {
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// A damaged page makes redb panic, which the store catches; so panics within a run are noted and not printed.
fn listen_to_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            LAST_PANIC.set(panic.to_string());
            if !RUNNING.get() || std::env::var_os("BOTTLE_PANICS").is_some() {
                before(panic);
            }
        }));
    });
}

/// What many seeds gave.
#[derive(Debug, Default)]
pub struct Report {
    /// Seeds that kept the promise.
    pub kept: u64,
    /// What happened in them.
    pub tally: Tally,
    /// Virtual time in all.
    pub ms: u64,
    /// Seeds that did not, by number.
    pub failures: Vec<Failure>,
}

/// Runs seeds on all processors, up to the tenth failure. `each` is told how many are done.
pub fn run_seeds(from: u64, count: u64, minutes: Option<u64>, each: impl Fn(u64) + Sync) -> Report {
    let take = |report: &mut Report, outcome: Result<Kept, Box<Failure>>| {
        match outcome {
            Ok(kept) => {
                report.kept += 1;
                report.ms += kept.ms;
                report.tally.add(&kept.tally);
            }
            Err(failure) => report.failures.push(*failure),
        }
        report.failures.len() >= MOST_FAILURES
    };
    let mut report = side_by_side(from..from + count, |seed| run_seed(seed, minutes), take, each);
    report.failures.sort_by_key(|failure| failure.seed);
    report
}

/// The kinds of trouble in some seeds, for a person to read.
pub fn kinds() -> String {
    let names: Vec<_> = Kind::ALL.iter().map(|kind| format!("{kind:?}")).collect();
    names.join(", ")
}
