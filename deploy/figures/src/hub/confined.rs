//! What does it cost that a question sees no more than its asker may?

use std::time::Instant;

use serde_json::Value;

use super::world::{World, client_name};
use super::{Found, Row, Size, of_world};
use crate::http::{Client, encoded};
use crate::say;
use crate::table::{Goal, Peer, percentile};

/// Of each machine's processors over a minute.
const METRIC: &str = "system_cpu_utilization_ratio";

/// Answers that are not timed.
const WARM_UPS: usize = 5;

pub(super) fn rows(size: Size) -> Vec<Row> {
    let machines = size.machines / size.clients;
    let row = |what: &str, unit| Row { what: of_world(size, what), unit, goal: Goal::None };
    vec![
        row(&format!("PromQL over a minute of a client's {machines} machines, confined to who asks, p50"), "ms"),
        row("the same, in times of what the provider's needs who names the client", "×"),
    ]
}

/// Asked in turn, so that what else the machine does falls on each alike.
pub(super) fn measure(world: &World, size: Size) -> Result<Vec<Found>, String> {
    let named = format!("avg_over_time({METRIC}{{client=\"{}\"}}[1m])", client_name(0));
    let all = format!("avg_over_time({METRIC}[1m])");
    let mut asked = [
        Asked::new(world.cast.client()?, &all),
        Asked::new(world.cast.provider()?, &named),
        Asked::new(world.cast.provider()?, &all),
    ];
    for run in 0..WARM_UPS + size.asks {
        for one in &mut asked {
            one.ask(run >= WARM_UPS)?;
        }
    }
    let series = asked.each_ref().map(|one| one.series);
    let [own, by_name, whole] = asked.map(|mut one| percentile(&mut one.took_ms, 0.5));
    say(&format!(
        "PromQL: confined {own:.2} ms, with a matcher {by_name:.2} ms, unconfined {whole:.2} ms ({series:?} series)"
    ));
    if series[0] != series[1] || series[2] < size.machines as usize {
        return Err(format!("the answers have {series:?} series"));
    }
    let peer = |name, value| Peer { name, value, here: true };
    let peers =
        vec![peer("the provider's, who names the client", by_name), peer("the provider's, of all clients", whole)];
    Ok(vec![Found { value: own, peers }, (own / by_name).into()])
}

/// One who asks one thing.
struct Asked {
    client: Client,
    path: String,
    took_ms: Vec<f64>,
    series: usize,
}

impl Asked {
    fn new(client: Client, query: &str) -> Self {
        let path = format!("/prometheus/api/v1/query?query={}", encoded(query));
        Self { client, path, took_ms: Vec::new(), series: 0 }
    }

    fn ask(&mut self, counts: bool) -> Result<(), String> {
        let began = Instant::now();
        let answer = self.client.get(&self.path).map_err(|error| format!("{}: {error}", self.path))?;
        let took = began.elapsed().as_secs_f64() * 1_000.0;
        if !answer.is_good() {
            return Err(format!("{} was answered with {}: {}", self.path, answer.status, answer.excerpt()));
        }
        if counts {
            self.took_ms.push(took);
        } else {
            let said: Value = serde_json::from_slice(answer.body).unwrap_or_default();
            self.series = said["data"]["result"].as_array().map_or(0, Vec::len);
        }
        Ok(())
    }
}
