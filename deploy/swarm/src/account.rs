//! Is every sample that was measured at the hub exactly once? The hub's own account, machine by machine.

use std::collections::BTreeMap;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vigie_node::Failed;

use crate::figures::Delays;
use crate::hub::Api;
use crate::machine::Measured;

/// Machines in one answer of the API, the most it gives.
const PAGE: usize = 1_000;

/// How the accounts compare.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// Machines whose accounts are the same to the sample.
    pub(crate) met: usize,
    /// Ticks and samples at the hub, of all machines.
    pub(crate) at_hub: [u64; 2],
    /// Ticks and samples that were measured.
    pub(crate) sent: [u64; 2],
    /// Ticks that came again and were counted once.
    pub(crate) duplicates: u64,
    /// What does not meet, in words; the first few.
    pub(crate) wrong: Vec<String>,
}

impl Comparison {
    /// By the hub's signatures alone, where its API is not open to us.
    pub(crate) fn of_words(sent: &BTreeMap<String, Measured>, unsettled: u64) -> Self {
        let mut comparison = Self { met: sent.len() - unsettled as usize, ..Self::default() };
        for tally in sent.values() {
            comparison.sent = [comparison.sent[0] + tally.ticks, comparison.sent[1] + tally.samples];
        }
        if unsettled > 0 {
            comparison.note(format!("the hub has not signed for all of {unsettled} machines"));
        }
        comparison
    }

    pub(crate) fn meets(&self) -> bool {
        self.wrong.is_empty()
    }
}

/// Differences that are told one by one.
const TOLD: usize = 10;

/// Compares what machines have sent, by their id, with what the hub says it has.
pub(crate) fn compare(api: &Api, sent: &BTreeMap<String, Measured>) -> Result<Comparison, Failed> {
    let mut seen = BTreeMap::new();
    for machine in machines(api)? {
        seen.insert(machine["id"].as_str().unwrap_or_default().to_owned(), machine["ledger"].clone());
    }
    let mut comparison = Comparison::default();
    for (id, tally) in sent {
        comparison.sent[0] += tally.ticks;
        comparison.sent[1] += tally.samples;
        let Some(ledger) = seen.get(id) else {
            comparison.note(format!("{id}: the hub does not know it"));
            continue;
        };
        let number = |part: &str, key: &str| ledger[part][key].as_u64().unwrap_or(0);
        let there = [number("at_hub", "ticks"), number("at_hub", "samples")];
        let waiting = number("waiting", "ticks");
        let given_up = ledger["given_up"].as_array().map_or(0, Vec::len);
        comparison.at_hub[0] += there[0];
        comparison.at_hub[1] += there[1];
        comparison.duplicates += ledger["duplicates"].as_u64().unwrap_or(0);
        if there == [tally.ticks, tally.samples] && waiting == 0 && given_up == 0 {
            comparison.met += 1;
        } else {
            let [ticks, samples] = there;
            comparison.note(format!(
                "{id}: sent {} ticks of {} samples; the hub has {ticks} of {samples}, {waiting} waiting, {given_up} reasons to give up",
                tally.ticks, tally.samples
            ));
        }
    }
    Ok(comparison)
}

impl Comparison {
    fn note(&mut self, what: String) {
        if self.wrong.len() < TOLD {
            self.wrong.push(what);
        }
    }
}

/// Machines whose values are read back, one series of each.
const READ_BACK: usize = 5;

/// Reads some machines' values of `span_s` back and compares each with the function that made it.
pub(crate) fn read_back(api: &Api, sent: &BTreeMap<String, Measured>, span_s: u64) -> Result<Vec<String>, Failed> {
    let mut wrong = Vec::new();
    for (id, measured) in sent.iter().step_by(sent.len().div_ceil(READ_BACK).max(1)) {
        // system_cpu_utilization_ratio{machine_id="…"}[…s]
        let query = format!("system_cpu_utilization_ratio%7Bmachine_id%3D%22{id}%22%7D%5B{span_s}s%5D");
        let answer = api.get(&format!("/prometheus/api/v1/query?query={query}"))?;
        let values = answer["data"]["result"][0]["values"].as_array().cloned().unwrap_or_default();
        let thousandths =
            |pair: &Value| pair[1].as_str()?.parse::<f64>().ok().map(|share| (share * 1_000.0).round() as i64);
        let read: Vec<Option<i64>> = values.iter().map(thousandths).collect();
        if !read.iter().copied().eq(measured.cpu().map(Some)) {
            wrong.push(format!(
                "{id}: {} values were sent, and the {} read back are not they",
                measured.ticks,
                read.len()
            ));
        }
    }
    Ok(wrong)
}

/// How long the newest tick of each machine took from being measured to being shown, in milliseconds, and of how many
/// machines the newest tick is older than `stale_ms`.
pub(crate) fn shown_after(api: &Api, stale_ms: i64) -> Result<(Option<[u32; 2]>, usize), Failed> {
    let (delays, mut stale) = (Delays::default(), 0);
    for machine in machines(api)? {
        let at = |key: &str| OffsetDateTime::parse(machine["last_sample"][key].as_str()?, &Rfc3339).ok();
        let (Some(observed), Some(learnt)) = (at("observed_at"), at("learnt_at")) else {
            stale += 1;
            continue;
        };
        let ms = |span: time::Duration| i64::try_from(span.whole_milliseconds()).unwrap_or(i64::MAX);
        if ms(OffsetDateTime::now_utc() - observed) > stale_ms {
            stale += 1;
        } else {
            delays.note(ms(learnt - observed));
        }
    }
    Ok((delays.middle_and_slow(), stale))
}

fn machines(api: &Api) -> Result<Vec<Value>, Failed> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut page = api.get(&format!("/api/v1/machines?limit={PAGE}{cursor}"))?;
        if let Value::Array(machines) = page["machines"].take() {
            all.extend(machines);
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(all),
        }
    }
}
