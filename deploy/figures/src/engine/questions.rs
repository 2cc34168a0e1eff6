//! What is asked, how often, and whether everybody gives the same answer?

use std::time::{Duration, Instant};

use serde_json::Value;

use super::bodies::World;
use super::keepers::Filled;
use crate::http::{Client, encoded};

/// Answers that are timed, and those before them that are not.
const RUNS: usize = 200;
const WARM_UPS: usize = 20;

/// Five minutes, the step of a day's graph.
const STEP_S: u64 = 300;

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// One metric of every machine, now.
    Last,
    /// The ten busiest machines, now.
    TopTen,
    /// Each sample of one series; each time another machine's.
    Raw,
    /// One metric of every machine, at the step of a graph.
    OneMetric,
    /// A hundred series of one machine, at the step of a graph; each time another machine's.
    OneMachine,
    /// The traffic of each site, at the step of a graph.
    RateBySite,
}

/// How long the answers took, and what was in the first.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub(super) question: Question,
    pub(super) cold_ms: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) series: usize,
    pub(super) points: usize,
}

impl Question {
    pub(super) fn what(self, world: World) -> String {
        let World { machines, series, .. } = world;
        let hours = world.hours();
        match self {
            Self::Last => format!("last value of {machines} machines"),
            Self::TopTen => format!("topk(10, …) of {machines} machines"),
            Self::Raw => format!("{hours} h of one series, raw"),
            Self::OneMetric => format!("{hours} h of one metric of {machines} machines at 5 min"),
            Self::OneMachine => format!("{hours} h of {series} series of one machine at 5 min"),
            Self::RateBySite => format!("sum(rate(…[5m])) by (site), {hours} h at 5 min"),
        }
    }

    /// The path of this question's next run, after where the API begins.
    fn path(self, run: usize, world: World, end_ms: i64) -> String {
        let (machine, site) = world.name_of((run * 37 % world.machines as usize) as u32);
        let of_machine = format!("machine=\"{machine}\",site=\"{site}\"");
        let span_s = world.ticks * world.interval_s;
        let seconds = |ms: i64| format!("{:.3}", ms as f64 / 1_000.0);
        let end = seconds(end_ms);
        let now = |query: &str| format!("/query?query={}&time={end}", encoded(query));
        let range = |query: &str| {
            let start = seconds(end_ms - (span_s * 1_000).cast_signed() + 1);
            format!("/query_range?query={}&start={start}&end={end}&step={STEP_S}", encoded(query))
        };
        match self {
            Self::Last => now("system_cpu_utilization_ratio"),
            Self::TopTen => now("topk(10,system_cpu_utilization_ratio)"),
            Self::Raw => now(&format!("system_cpu_utilization_ratio{{{of_machine}}}[{span_s}s]")),
            Self::OneMetric => range("system_cpu_utilization_ratio"),
            Self::OneMachine => range(&format!("{{{of_machine}}}")),
            Self::RateBySite => range("sum(rate(vigie_synthetic_io_bytes_total[5m])) by (site)"),
        }
    }

    /// Asks at most for so long: the first time, some times to warm up, and as often as fits.
    pub(super) fn ask(self, of: &Filled, world: World, within: Duration) -> Result<Answered, String> {
        let began = Instant::now();
        let mut client = of.client()?;
        let (cold_ms, first) = self.timed(&mut client, of, world, 0)?;
        let (series, points) = self.checked(&first, world, of.keeper.name())?;
        let warm = (1..=WARM_UPS).take_while(|_| began.elapsed() < within / 4);
        let warmed =
            warm.map(|run| self.timed(&mut client, of, world, run).map(|_| ())).collect::<Result<Vec<_>, _>>()?;
        let mut took = Vec::new();
        while took.is_empty() || (took.len() < RUNS && began.elapsed() < within) {
            took.push(self.timed(&mut client, of, world, 1 + warmed.len() + took.len())?.0);
        }
        took.sort_by(f64::total_cmp);
        let at = |share: f64| took[((took.len() - 1) as f64 * share).round() as usize];
        Ok(Answered { question: self, cold_ms, p50_ms: at(0.5), p99_ms: at(0.99), series, points })
    }

    fn timed(self, client: &mut Client, of: &Filled, world: World, run: usize) -> Result<(f64, Vec<u8>), String> {
        let path = format!("{}{}{}", of.keeper.api(), self.path(run, world, of.end_ms), of.keeper.suffix());
        let asked = Instant::now();
        let answer = client.get(&path).map_err(|error| format!("{path}: {error}"))?;
        let took_ms = asked.elapsed().as_secs_f64() * 1_000.0;
        if !answer.is_good() {
            return Err(format!("{path} was answered with {}: {}", answer.status, answer.excerpt()));
        }
        Ok((took_ms, if run == 0 { answer.body.to_vec() } else { Vec::new() }))
    }

    /// How many series and points an answer has; a fast wrong answer is no answer.
    fn checked(self, body: &[u8], world: World, who: &str) -> Result<(usize, usize), String> {
        let said: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let result = said["data"]["result"].as_array().cloned().unwrap_or_default();
        let points_of = |one: &Value| one["values"].as_array().map_or(1, Vec::len);
        let points: usize = result.iter().map(points_of).sum();
        let steps = (world.ticks * world.interval_s / STEP_S) as usize;
        let machines = world.machines as usize;
        let (series, least) = match self {
            Self::Last => (machines, machines),
            Self::TopTen => (10, 10),
            // The first sample stands on the edge.
            Self::Raw => (1, world.ticks as usize - 1),
            Self::OneMetric => (machines, machines * (steps - 1)),
            Self::OneMachine => (world.series as usize, world.series as usize * (steps - 1)),
            Self::RateBySite => (world.relays as usize, world.relays as usize * (steps - 2)),
        };
        if result.len() != series || points < least {
            let is = format!("{} series and {points} points", result.len());
            return Err(format!("{who}: {} has {is}, not {series} and {least}", self.what(world)));
        }
        if self == Self::Raw {
            same_values(&result[0]["values"], world).map_err(|why| format!("{who}: {why}"))?;
        }
        Ok((result.len(), points))
    }
}

/// Each value of the first machine is the one that was made up.
fn same_values(said: &Value, world: World) -> Result<(), String> {
    let read = |pair: &Value| pair[1].as_str().and_then(|text| text.parse::<f64>().ok());
    let read: Vec<Option<f64>> = said.as_array().into_iter().flatten().map(read).collect();
    let mut made: Vec<Option<f64>> = world.cpu(0).map(Some).collect();
    let last = made.split_off(made.len() - read.len().min(made.len()));
    if read == last { Ok(()) } else { Err("the values of a series are not those that were written".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORLD: World = super::super::world(3, 2, 4, 60);

    fn answer(values: impl Iterator<Item = f64>) -> Vec<u8> {
        let values: Vec<_> = values.map(|value| serde_json::json!([0.0, value.to_string()])).collect();
        serde_json::json!({ "data": { "result": [{ "values": values }] } }).to_string().into_bytes()
    }

    #[test]
    fn an_answer_with_a_wrong_value_or_a_missing_one_is_no_answer() {
        let checked = |body: &[u8]| Question::Raw.checked(body, WORLD, "x");
        assert_eq!(checked(&answer(WORLD.cpu(0))), Ok((1, 60)));
        assert_eq!(checked(&answer(WORLD.cpu(0).skip(1))), Ok((1, 59)), "the first stands on the edge");
        assert!(checked(&answer(WORLD.cpu(0).skip(2))).is_err());
        assert!(checked(&answer(WORLD.cpu(1))).is_err());
        assert!(Question::Last.checked(&answer(WORLD.cpu(0)), WORLD, "x").is_err());
    }

    #[test]
    fn each_run_asks_for_another_machine() {
        let paths: std::collections::BTreeSet<_> = (0..3).map(|run| Question::Raw.path(run, WORLD, 0)).collect();
        assert_eq!(paths.len(), 3);
    }
}
