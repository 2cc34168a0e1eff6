//! Does anybody who is in notice that others guess passwords at the door?

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::world::World;
use super::{Found, Row, Size, of_world, people};
use crate::http::Client;
use crate::say;
use crate::table::{Goal, load, percentile};

/// Connections that guess at once, each as fast as it is answered: more than the hub works out in the time that a try waits.
const AT_ONCE: usize = 64;

/// The flood is there before its harm is measured.
const RISES_FOR: Duration = Duration::from_secs(2);

/// What somebody who is in asks meanwhile.
const ASKED: [&str; 4] =
    ["/api/v1/machines?limit=100", "/api/v1/incidents?limit=100", "/api/v1/sites", "/api/v1/people?limit=100"];

pub(super) fn rows(size: Size) -> Vec<Row> {
    let row = |what: &str, unit, goal| Row { what: of_world(size, what), unit, goal };
    vec![
        row("API, p95", "ms", Goal::AtMost(20.0)),
        row("API beside a flood of wrong sign-ins, p95, in times of that", "×", Goal::AtMost(2.0)),
        row("wrong sign-ins from as many addresses: answered", "/s", Goal::None),
    ]
}

pub(super) fn measure(world: &World, size: Size) -> Result<Vec<Found>, String> {
    let mut provider = world.cast.provider()?;
    let before = asked(&mut provider, size.flood)?;
    let (over, tried) = (AtomicBool::new(false), Tried::default());
    let (during, rate) = std::thread::scope(|scope| {
        for guesser in 0..AT_ONCE {
            let (over, tried) = (&over, &tried);
            scope.spawn(move || guess(world, size, guesser, over, tried));
        }
        std::thread::sleep(RISES_FOR);
        let (began, answered) = (Instant::now(), tried.all());
        let during = asked(&mut provider, size.flood);
        let rate = (tried.all() - answered) as f64 / began.elapsed().as_secs_f64();
        over.store(true, Ordering::Relaxed);
        (during, rate)
    });
    let during = during?;
    let Tried { wrong, later, broken } = &tried;
    let [wrong, later, broken] = [wrong, later, broken].map(|count| count.load(Ordering::Relaxed));
    say(&format!(
        "API p95 {before:.2} ms, beside the flood {during:.2} ms; of the tries {wrong} were wrong, {later} told to come \
         later, {broken} broken off (load {})",
        load()
    ));
    if wrong == 0 {
        return Err("no try was worked out: that was no flood".to_owned());
    }
    Ok(vec![before.into(), (during / before).into(), rate.into()])
}

/// The p95 of what somebody asks for so long, one thing after the other.
fn asked(client: &mut Client, span: Duration) -> Result<f64, String> {
    let (began, mut took_ms) = (Instant::now(), Vec::new());
    while began.elapsed() < span {
        for path in ASKED {
            let asked = Instant::now();
            let answer = client.get(path).map_err(|error| format!("{path}: {error}"))?;
            if !answer.is_good() {
                return Err(format!("{path} was answered with {}: {}", answer.status, answer.excerpt()));
            }
            took_ms.push(asked.elapsed().as_secs_f64() * 1_000.0);
        }
    }
    Ok(percentile(&mut took_ms, 0.95))
}

/// What came of the tries.
#[derive(Debug, Default)]
struct Tried {
    wrong: AtomicU64,
    later: AtomicU64,
    broken: AtomicU64,
}

impl Tried {
    fn all(&self) -> u64 {
        self.wrong.load(Ordering::Relaxed) + self.later.load(Ordering::Relaxed)
    }
}

/// Tries passwords of people who are there, each time from another address, as the proxy in front says it.
fn guess(world: &World, size: Size, guesser: usize, over: &AtomicBool, tried: &Tried) {
    let mut client = None::<Client>;
    for number in 0_u32.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let from =
            std::net::Ipv4Addr::from_bits((10 << 24) + ((guesser as u32) << 17) + number % (1 << 17)).to_string();
        let email = people::email((number * AT_ONCE as u32 + guesser as u32) % size.people);
        let body = json!({ "email": email, "password": format!("wrong words {number}") }).to_string();
        let lines = [("Content-Type", "application/json"), ("X-Forwarded-For", from.as_str())];
        let Some(open) = client.as_mut() else {
            client = people::stranger(world).ok();
            continue;
        };
        let counted = match open.post("/api/v1/sessions", &lines, body.as_bytes()).map(|answer| answer.status) {
            Ok(401) => &tried.wrong,
            Ok(429 | 503) => &tried.later,
            Ok(_) | Err(_) => {
                client = None;
                &tried.broken
            }
        };
        counted.fetch_add(1, Ordering::Relaxed);
    }
}
