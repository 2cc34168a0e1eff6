//! What do samples of others cost the hub, while they are pushed and afterwards?
//!
//! Twice: a backlog as fast as it is taken, and a steady load whose hours pass in seconds because its times say so.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vigie_swarm::process::folder_bytes;

use super::bodies::World;
use super::keepers::{Filled, Keeper};
use super::{cpu_of_million, millions_a_second, now_ms, per_sample, said, say};
use crate::table::{Figure, Goal};

/// How often it is said how things stand.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// A part of a day of 100 machines, in bodies of ten minutes.
fn backlog(quick: bool) -> World {
    super::world(100, 4, 100, if quick { 1_080 } else { 8_640 })
}

/// 1,000 series each 15 seconds from 20 senders, each tick in a body of its own, a minute of it in each second or less.
fn steady(quick: bool) -> World {
    let ticks = if quick { 240 } else { 960 };
    let pace = Duration::from_millis(250);
    World { machines: 20, relays: 4, series: 50, ticks, interval_s: 15, at_once: 1, apart_ms: 700, pace }
}

/// The hub alone: taking in and at rest.
pub(crate) fn measure(quick: bool) -> Vec<Figure> {
    let parts = [("a backlog", backlog(quick)), ("a steady load", steady(quick))];
    let mut figures = Vec::new();
    for (what, world) in parts {
        match one(what, world) {
            Ok(more) => figures.extend(more),
            Err(error) => say(&format!("{what} is missing: {error}")),
        }
    }
    figures
}

fn one(what: &str, world: World) -> Result<Vec<Figure>, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let data = dir.path().join("hub");
    let filled = beside(&data, || Keeper::Vigie.fill(&data, &world, now_ms()))?;
    say(&said(&format!("Vigie, {what}"), &filled.cost));
    let figure = |of: &str, measured, unit, goal| Figure {
        what: format!("hub, {what} of {} samples by remote write: {of}", world.samples()),
        measured,
        unit,
        goal,
        peers: Vec::new(),
    };
    let at_once = filled.cost.bytes_at_once as f64 / filled.cost.samples as f64;
    let mut figures = vec![
        figure("on disk when the last is answered", at_once, "B/sample", Goal::AtMost(2.0)),
        figure("on disk at rest", per_sample(&filled.cost), "B/sample", Goal::AtMost(1.0)),
        figure("peak RSS", filled.cost.peak_rss_mb, "MB", Goal::AtMost(600.0)),
    ];
    // Where the senders take their time, these would tell of them.
    if world.pace.is_zero() {
        let cpu = cpu_of_million(&filled.cost);
        figures.push(figure("taken in", millions_a_second(&filled.cost), "M samples/s", Goal::None));
        figures.push(figure("CPU, laid out and at rest", cpu, "s per M samples", Goal::AtMost(1.0)));
    }
    Ok(figures)
}

/// Says every few seconds how the folder and its program stand while `work` goes on.
fn beside(data: &Path, work: impl FnOnce() -> Result<Filled, String>) -> Result<Filled, String> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (begun, mut said) = (Instant::now(), Instant::now());
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(100));
                if said.elapsed() >= SAY_EVERY {
                    said = Instant::now();
                    let megabytes = folder_bytes(data) as f64 / 1e6;
                    say(&format!("after {:.0} s: {megabytes:.1} MB on disk", begun.elapsed().as_secs_f64()));
                }
            }
        });
        let filled = work();
        over.store(true, Ordering::Relaxed);
        filled
    })
}
