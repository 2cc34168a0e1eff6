//! What does a hub of many clients cost those who ask it, and what does it cost to run?
//!
//! One real hub with everything that a provider has: machines that go on measuring, clients, people who took up
//! invitations, incidents. Each answer is timed from outside, over one kept connection. Knows nothing of the hub's inside.

mod confined;
mod flood;
mod kept;
mod lists;
mod people;
mod streams;
mod webhooks;
mod world;

use std::time::Duration;

use world::World;

use crate::say;
use crate::table::{Figure, Goal, Peer, load};

/// How much there is of everything, and how long each thing is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    machines: u32,
    clients: u32,
    people: u32,
    /// Incidents that are open in each client.
    incidents: u32,
    /// How often each list is asked by each asker.
    asks: usize,
    /// How long the API is asked beside a flood of sign-ins, and without one.
    flood: Duration,
    /// Alerts that come at once while people listen, and how many listen.
    alerts: u32,
    streams: usize,
    /// Events for one webhook.
    posts: u32,
    /// How long a hub with nothing in it is left alone.
    idle: Duration,
    /// What is backed up: machines, hours.
    store: (u32, u32),
}

const QUICK: Size = Size {
    machines: 1_000,
    clients: 30,
    people: 60,
    incidents: 5,
    asks: 30,
    flood: Duration::from_secs(5),
    alerts: 500,
    streams: 20,
    posts: 100,
    idle: Duration::from_secs(15),
    store: (20, 2),
};

const WHOLE: Size = Size {
    machines: 10_000,
    clients: 300,
    people: 1_000,
    incidents: 10,
    asks: 200,
    flood: Duration::from_secs(20),
    alerts: 4_000,
    streams: 100,
    posts: 1_000,
    idle: Duration::from_secs(60),
    store: (250, 24),
};

/// A row before it is measured, so that one that can not be says so.
#[derive(Debug)]
pub(super) struct Row {
    what: String,
    unit: &'static str,
    goal: Goal,
}

/// What was found for a row.
#[derive(Debug)]
pub(super) struct Found {
    value: f64,
    peers: Vec<Peer>,
}

impl From<f64> for Found {
    fn from(value: f64) -> Self {
        Self { value, peers: Vec::new() }
    }
}

/// A part that asks the hub of many clients.
struct Part {
    name: &'static str,
    rows: fn(Size) -> Vec<Row>,
    measure: fn(&World, Size) -> Result<Vec<Found>, String>,
}

/// In this order: what changes much comes after what is only read.
const PARTS: [Part; 5] = [
    Part { name: "lists", rows: lists::rows, measure: lists::measure },
    Part { name: "PromQL", rows: confined::rows, measure: confined::measure },
    Part { name: "sign-ins", rows: flood::rows, measure: flood::measure },
    Part { name: "events", rows: streams::rows, measure: streams::measure },
    Part { name: "webhooks", rows: webhooks::rows, measure: webhooks::measure },
];

/// All of it.
pub(crate) fn measure(quick: bool) -> Vec<Figure> {
    let size = if quick { QUICK } else { WHOLE };
    // A hub with nothing in it lies idle while the other one is filled.
    let (idle, world) = std::thread::scope(|scope| {
        let idle = scope.spawn(|| kept::idle(size));
        let world = World::make(size);
        (idle.join().unwrap_or_else(|_| Err("it was not looked at to the end".to_owned())), world)
    });
    let mut figures = Vec::new();
    for part in &PARTS {
        let found = match &world {
            Ok(world) => (part.measure)(world, size),
            Err(why) => Err(format!("there is no hub to ask: {why}")),
        };
        figures.extend(told(part.name, (part.rows)(size), found));
    }
    drop(world);
    figures.extend(told("an idle hub", kept::idle_rows(), idle));
    figures.extend(told("backup", kept::backup_rows(size), kept::backup(size)));
    figures.extend(told("upgrade", kept::upgrade_rows(), kept::upgrade(size)));
    figures
}

/// The rows with what was found, or with nothing.
fn told(name: &str, rows: Vec<Row>, found: Result<Vec<Found>, String>) -> Vec<Figure> {
    let found = found.unwrap_or_else(|why| {
        say(&format!("{name}: not measured: {why} (load {})", load()));
        Vec::new()
    });
    let mut found = found.into_iter();
    let figure = |Row { what, unit, goal }: Row| match found.next() {
        Some(Found { value, peers }) => Figure { what, measured: value, unit, goal, peers },
        None => Figure::missing(what, unit, goal),
    };
    rows.into_iter().map(figure).collect()
}

/// What the rows of the hub of many clients begin with.
fn of_world(size: Size, what: &str) -> String {
    let Size { machines, clients, people, .. } = size;
    format!("hub, {machines} machines live, {clients} clients, {people} people: {what}")
}

/// Waits until something is so; says how long that took.
fn until(what: &str, within: Duration, mut so: impl FnMut() -> Result<bool, String>) -> Result<Duration, String> {
    let began = std::time::Instant::now();
    while began.elapsed() < within {
        if so()? {
            return Ok(began.elapsed());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(format!("not within {} s: {what}", within.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        ["a", "b"].map(|what| Row { what: what.to_owned(), unit: "ms", goal: Goal::AtMost(1.0) }).into()
    }

    #[test]
    fn a_row_that_could_not_be_measured_stays_and_is_no_number() {
        let all = told("x", rows(), Err("it burns".to_owned()));
        assert!(all.len() == 2 && all.iter().all(|figure| figure.measured.is_nan()));
        let some = told("x", rows(), Ok(vec![2.0.into()]));
        assert!(some[0].measured == 2.0 && some[1].measured.is_nan());
    }
}
