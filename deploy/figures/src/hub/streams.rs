//! How fast does a hub tell everybody who listens what changes?

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::world::World;
use super::{Found, Row, Size, of_world, until};
use crate::say;
use crate::table::{Goal, load, percentile};

/// How long all of it may take.
const WITHIN: Duration = Duration::from_secs(120);

/// Decisions that are told one by one.
const DECISIONS: usize = 10;

pub(super) fn rows(size: Size) -> Vec<Row> {
    let row = |what: &str, unit, goal| Row { what: of_world(size, what), unit, goal };
    let (streams, alerts) = (size.streams, size.alerts);
    vec![
        row(&format!("{alerts} alerts at once to {streams} open streams: events delivered"), "events/s", Goal::None),
        row(&format!("a decision is answered → told on all of {streams} streams, p95"), "s", Goal::AtMost(2.0)),
    ]
}

pub(super) fn measure(world: &World, size: Size) -> Result<Vec<Found>, String> {
    let heard = Heard::new(size.streams);
    let mut ends = Vec::new();
    std::thread::scope(|scope| {
        let found = (|| -> Result<Vec<Found>, String> {
            for stream in 0..size.streams {
                // Some as the provider's, some as a client's: each is told what they may see.
                let who = if stream % 2 == 0 { world.cast.provider()? } else { world.cast.client()? };
                let open = who.listen("/api/v1/events?kinds=alert,decision");
                let open = open.map_err(|error| format!("a stream was not opened: {error}"))?;
                ends.push(open.get_ref().try_clone().map_err(|error| error.to_string())?);
                let heard = &heard;
                scope.spawn(move || heard.read(stream, open));
            }
            until("all streams are greeted", WITHIN, || {
                Ok(heard.greeted.load(Ordering::Relaxed) >= size.streams as u64)
            })?;
            let rate = burst(world, size, &heard)?;
            let mut told = decisions(world, &heard)?;
            Ok(vec![rate.into(), percentile(&mut told, 0.95).into()])
        })();
        // Whoever reads stops when its stream ends.
        ends.iter().for_each(|end| drop(end.shutdown(std::net::Shutdown::Both)));
        found
    })
}

/// What the streams were told.
struct Heard {
    greeted: AtomicU64,
    /// Events of each.
    of: Vec<AtomicU64>,
    begun: Instant,
    /// When the first event came since it was last asked, and the last, in microseconds.
    first_us: AtomicU64,
    last_us: AtomicU64,
}

impl Heard {
    fn new(streams: usize) -> Self {
        let of = (0..streams).map(|_| AtomicU64::new(0)).collect();
        let (first_us, last_us) = (AtomicU64::new(u64::MAX), AtomicU64::new(0));
        Self { greeted: AtomicU64::new(0), of, begun: Instant::now(), first_us, last_us }
    }

    fn read(&self, stream: usize, mut open: BufReader<TcpStream>) {
        let mut line = String::new();
        while open.read_line(&mut line).is_ok_and(|read| read > 0) {
            match line.trim_end().strip_prefix("event: ") {
                Some("ready") => {
                    self.greeted.fetch_add(1, Ordering::Relaxed);
                }
                Some(_) => {
                    let now_us = self.begun.elapsed().as_micros() as u64;
                    self.first_us.fetch_min(now_us, Ordering::Relaxed);
                    self.last_us.fetch_max(now_us, Ordering::Relaxed);
                    self.of[stream].fetch_add(1, Ordering::Relaxed);
                }
                None => {}
            }
            line.clear();
        }
    }

    fn counts(&self) -> Vec<u64> {
        self.of.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    /// Whether each has had so many more than before.
    fn have(&self, before: &[u64], more: u64) -> bool {
        self.counts().iter().zip(before).all(|(now, before)| *now >= before + more)
    }
}

/// Many alerts at once, of the client whose people listen, too.
fn burst(world: &World, size: Size, heard: &Heard) -> Result<f64, String> {
    let before = heard.counts();
    heard.first_us.store(u64::MAX, Ordering::Relaxed);
    world.ovens(0, "burst", size.alerts)?;
    until("all streams had all alerts", WITHIN, || Ok(heard.have(&before, u64::from(size.alerts))))?;
    let delivered: u64 = heard.counts().iter().sum::<u64>() - before.iter().sum::<u64>();
    let span_us = heard.last_us.load(Ordering::Relaxed) - heard.first_us.load(Ordering::Relaxed);
    let seconds = span_us as f64 / 1e6;
    say(&format!(
        "{delivered} events on {} streams within {seconds:.2} s of the first (load {})",
        size.streams,
        load()
    ));
    Ok(delivered as f64 / seconds.max(1e-6))
}

/// One comment after the other; how long each takes from its answer until every stream had it.
fn decisions(world: &World, heard: &Heard) -> Result<Vec<f64>, String> {
    let mut client = world.cast.client()?;
    let open = client.say("GET", "/api/v1/incidents?limit=1", &Value::Null)?;
    let id = open["incidents"][0]["id"].as_str().ok_or("no incident is open")?.to_owned();
    let mut took = Vec::new();
    for number in 0..DECISIONS {
        let before = heard.counts();
        client.say("POST", &format!("/api/v1/incidents/{id}/comment"), &json!({ "text": format!("word {number}") }))?;
        let began = Instant::now();
        while !heard.have(&before, 1) {
            if began.elapsed() > WITHIN {
                return Err("a decision was not told on all streams".to_owned());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        took.push(began.elapsed().as_secs_f64());
        // At any moment between two looks.
        std::thread::sleep(Duration::from_millis(130 * number as u64 % 1_000));
    }
    Ok(took)
}
