//! What does the hub cost as a store of samples, beside the programs that others use?
//!
//! The same values go into each, on this machine and in one run, one program after the other. Everything is asked over
//! HTTP by the same client, and every first answer is compared with what was written.

mod bodies;
mod keepers;
pub(crate) mod pushed;
mod questions;

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bodies::{INTERVAL_S, TICKS_AT_ONCE, World};
use keepers::{Cost, Filled, Keeper, empty_hub_bytes};
use questions::{Answered, Question};

use crate::say;
use crate::table::{Figure, Goal, Peer, load};

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// A day of some machines.
    day: World,
    /// Some minutes of a thousand.
    wide: World,
    /// Some minutes of ten thousand, for the hub alone: others take minutes to hear of so many series.
    widest: Option<World>,
    /// How long each question is asked.
    within: Duration,
}

const QUICK: Size = Size {
    day: world(100, 4, 8, 8 * 3_600 / INTERVAL_S),
    wide: world(1_000, 20, 30, 12),
    widest: None,
    within: Duration::from_secs(3),
};

const WHOLE: Size = Size {
    day: world(100, 4, 100, 24 * 3_600 / INTERVAL_S),
    wide: world(1_000, 20, 150, 30),
    widest: Some(world(10_000, 20, 150, 12)),
    within: Duration::from_secs(8),
};

/// A world as the swarm brings it.
const fn world(machines: u32, relays: u32, series: u32, ticks: u64) -> World {
    World {
        machines,
        relays,
        series,
        ticks,
        interval_s: INTERVAL_S,
        at_once: TICKS_AT_ONCE,
        apart_ms: 0,
        pace: Duration::ZERO,
    }
}

const OF_DAY: [Question; 4] = [Question::Raw, Question::OneMetric, Question::OneMachine, Question::RateBySite];
const OF_NOW: [Question; 2] = [Question::Last, Question::TopTen];

/// What one program made of a world.
#[derive(Debug)]
struct Outcome {
    who: &'static str,
    cost: Cost,
    answers: Vec<Answered>,
}

/// Taking in, bytes at rest, and questions.
pub(crate) fn measure(quick: bool) -> Vec<Figure> {
    let size = if quick { QUICK } else { WHOLE };
    let mut figures = Vec::new();
    let parts = [day(size), wide(size), size.widest.map_or(Ok(Vec::new()), |world| widest(world, size))];
    for part in parts {
        match part {
            Ok(more) => figures.extend(more),
            Err(error) => say(&format!("a part is missing: {error}")),
        }
    }
    figures
}

fn day(size: Size) -> Result<Vec<Figure>, String> {
    let world = size.day;
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let pushed = Keeper::Vigie.fill(&dir.path().join("pushed"), &world, now_ms()).map(|mut filled| {
        filled.program.stop();
        say(&said("Vigie, by remote write", &filled.cost));
        filled.cost
    });
    drop(std::fs::remove_dir_all(dir.path().join("pushed")));
    let peers = beside(world, &OF_DAY, size.within);
    let own = by_sessions(dir.path(), world, &OF_DAY, size.within)?;
    let mut figures = taken_in(&own, &peers, world);
    match pushed {
        Ok(cost) => figures.extend(taken_in_by_remote_write(cost, &peers)),
        Err(error) => say(&format!("the hub took nothing by remote write: {error}")),
    }
    figures.push(Figure {
        what: "hub, on disk at rest".to_owned(),
        measured: per_sample(&own.cost),
        unit: "B/sample",
        goal: Goal::AtMost(0.6),
        peers: here(&peers, |peer| per_sample(&peer.cost)),
    });
    figures.extend(answered(&own, &peers, world));
    Ok(figures)
}

fn wide(size: Size) -> Result<Vec<Figure>, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let peers = beside(size.wide, &OF_NOW, size.within);
    let own = by_sessions(dir.path(), size.wide, &OF_NOW, size.within)?;
    Ok(answered(&own, &peers, size.wide))
}

fn widest(world: World, size: Size) -> Result<Vec<Figure>, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let own = by_sessions(dir.path(), world, &OF_NOW, size.within)?;
    Ok(answered(&own, &[], world))
}

/// The peers that are here, one after the other.
fn beside(world: World, questions: &[Question], within: Duration) -> Vec<Outcome> {
    let outcome = |keeper: Keeper| {
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        keeper.binary()?;
        let end_ms = now_ms();
        let filled = keeper.fill(&dir.path().join("data"), &world, end_ms)?;
        asked(filled, keeper.name(), world, questions, within)
    };
    let all = Keeper::PEERS.into_iter().filter_map(|keeper| match outcome(keeper) {
        Ok(outcome) => Some(outcome),
        Err(error) => {
            say(&format!("SKIPPED {}: {error}", keeper.name()));
            None
        }
    });
    all.collect()
}

fn by_sessions(dir: &Path, world: World, questions: &[Question], within: Duration) -> Result<Outcome, String> {
    let empty = empty_hub_bytes(&dir.join("empty"))?;
    let filled = Filled::by_sessions(&dir.join("hub"), world, empty)?;
    asked(filled, "Vigie", world, questions, within)
}

/// Starts the program afresh and asks it everything.
fn asked(
    mut filled: Filled,
    who: &'static str,
    world: World,
    questions: &[Question],
    within: Duration,
) -> Result<Outcome, String> {
    say(&said(who, &filled.cost));
    filled.program.stop();
    let ready = filled.program.again()?;
    say(&format!("{who}: answers {:.2} s after its start", ready.as_secs_f64()));
    let mut answers = Vec::new();
    for question in questions {
        let answered = question.ask(&filled, world, within)?;
        say(&format!(
            "{who}: {}: p50 {:.2} ms, p99 {:.2} ms, first {:.1} ms ({} series, {} points; load {})",
            question.what(world),
            answered.p50_ms,
            answered.p99_ms,
            answered.cold_ms,
            answered.series,
            answered.points,
            load(),
        ));
        answers.push(answered);
    }
    Ok(Outcome { who, cost: filled.cost, answers })
}

/// What taking in cost, in a line.
fn said(who: &str, cost: &Cost) -> String {
    let Cost { samples, seconds, cpu_s, settled_cpu_s, peak_rss_mb, bytes_at_once, bytes, settled_s } = cost;
    let per = |much: f64| much / *samples as f64;
    format!(
        "{who}: {samples} samples in {seconds:.1} s, {:.2} M/s, CPU {:.3} s per million ({:.3} settled), peak RSS \
         {peak_rss_mb:.0} MB, {:.3} B/sample when the last was answered, {:.3} at rest {settled_s:.0} s later (load {})",
        *samples as f64 / seconds / 1e6,
        per(*cpu_s) * 1e6,
        per(*settled_cpu_s) * 1e6,
        per(*bytes_at_once as f64),
        per(*bytes as f64),
        load(),
    )
}

fn taken_in(own: &Outcome, peers: &[Outcome], world: World) -> Vec<Figure> {
    let what = |what: &str| format!("hub, {} machines × {} h by sessions: {what}", world.machines, world.hours());
    vec![
        Figure {
            what: what("taken in"),
            measured: millions_a_second(&own.cost),
            unit: "M samples/s",
            goal: Goal::AtLeast(5.0),
            peers: here(peers, |peer| millions_a_second(&peer.cost)),
        },
        Figure {
            what: what("CPU, laid out and at rest"),
            measured: cpu_of_million(&own.cost),
            unit: "s per M samples",
            goal: Goal::None,
            peers: here(peers, |peer| cpu_of_million(&peer.cost)),
        },
        Figure {
            what: what("peak RSS"),
            measured: own.cost.peak_rss_mb,
            unit: "MB",
            goal: Goal::None,
            peers: here(peers, |peer| peer.cost.peak_rss_mb),
        },
    ]
}

fn taken_in_by_remote_write(cost: Cost, peers: &[Outcome]) -> Vec<Figure> {
    vec![
        Figure {
            what: "hub, the same by remote write: taken in".to_owned(),
            measured: millions_a_second(&cost),
            unit: "M samples/s",
            goal: Goal::None,
            peers: here(peers, |peer| millions_a_second(&peer.cost)),
        },
        Figure {
            what: "hub, the same by remote write: CPU, laid out and at rest".to_owned(),
            measured: cpu_of_million(&cost),
            unit: "s per M samples",
            goal: Goal::None,
            peers: here(peers, |peer| cpu_of_million(&peer.cost)),
        },
        Figure {
            what: "hub, the same by remote write: peak RSS".to_owned(),
            measured: cost.peak_rss_mb,
            unit: "MB",
            goal: Goal::None,
            peers: here(peers, |peer| peer.cost.peak_rss_mb),
        },
        Figure {
            what: "hub, the same by remote write: on disk at rest".to_owned(),
            measured: per_sample(&cost),
            unit: "B/sample",
            goal: Goal::None,
            peers: here(peers, |peer| per_sample(&peer.cost)),
        },
    ]
}

fn answered(own: &Outcome, peers: &[Outcome], world: World) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (at, answer) in own.answers.iter().enumerate() {
        let question = answer.question.what(world);
        let figure = |what: &str, of: fn(&Answered) -> f64, goal| Figure {
            what: format!("{question}, {what}"),
            measured: of(answer),
            unit: "ms",
            goal,
            peers: here(peers, |peer| peer.answers.get(at).map_or(f64::NAN, of)),
        };
        figures.push(figure("p50", |answer| answer.p50_ms, goal(answer.question, world)));
        figures.push(figure("p99", |answer| answer.p99_ms, Goal::None));
        figures.push(figure("first after a start", |answer| answer.cold_ms, Goal::None));
    }
    figures
}

fn goal(question: Question, world: World) -> Goal {
    match question {
        Question::Last | Question::TopTen => Goal::AtMost(if world.machines > 1_000 { 15.0 } else { 2.0 }),
        Question::Raw => Goal::AtMost(1.0),
        Question::OneMetric | Question::OneMachine => Goal::AtMost(6.0),
        Question::RateBySite => Goal::None,
    }
}

fn here(peers: &[Outcome], of: impl Fn(&Outcome) -> f64) -> Vec<Peer> {
    peers.iter().map(|peer| Peer { name: peer.who, value: of(peer), here: true }).collect()
}

fn millions_a_second(cost: &Cost) -> f64 {
    cost.samples as f64 / cost.seconds / 1e6
}

fn cpu_of_million(cost: &Cost) -> f64 {
    cost.settled_cpu_s / cost.samples as f64 * 1e6
}

fn per_sample(cost: &Cost) -> f64 {
    cost.bytes as f64 / cost.samples as f64
}

/// Now, in whole ticks.
fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    (now / INTERVAL_S * INTERVAL_S * 1_000).cast_signed()
}
