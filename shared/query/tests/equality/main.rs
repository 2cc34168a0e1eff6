//! Does Vigie answer what Prometheus answers? The same samples are given to both, and both are asked the same.
//!
//! Needs Debian's `prometheus` (the package brings `promtool` too). Where it can not be had, `VIGIE_WITHOUT_PEERS=1` says
//! that this was known and accepted.

mod compare;
mod data;
mod generated;
mod peer;
mod questions;

use compare::{Ours, difference};
use peer::Peer;
use vigie_query::{Dialect, InMemory, Limits, Options, Query, Steps};

/// Debian's Prometheus is a 2.42.
const OPTIONS: Options = Options { dialect: Dialect::Prometheus2, default_step_ms: 60_000 };

/// How many questions are made up beside those that were chosen.
const GENERATED: usize = 2000;

#[test]
fn every_question_has_the_answer_that_prometheus_gives() {
    if is_without_peers() {
        return;
    }
    let (source, peer) = (data::in_memory(), Peer::start(&data::open_metrics()));
    let chosen = questions::chosen();
    let (mut compared, mut refused, mut empty) = (0, 0, 0);
    let mut differences = Vec::new();
    for (turn, text) in chosen.iter().cloned().chain(generated::questions(GENERATED)).enumerate() {
        for when in questions::whens(turn).into_iter().filter(|when| !is_accepted(&text, *when)) {
            let (ours, theirs) = (ours(&source, &text, when), peer.ask(&text, when));
            compared += 1;
            refused += usize::from(ours.is_err());
            empty += usize::from(ours.as_ref().is_ok_and(compare::is_empty));
            if let Err(difference) = difference(&text, ours, &theirs) {
                differences.push(format!("{text}\n  {when:?}\n  {difference}"));
            }
        }
    }
    println!("{} questions chosen, {GENERATED} made up", chosen.len());
    println!("{compared} answers compared, {refused} of them refusals, {empty} empty");
    let shown: Vec<_> = differences.iter().take(40).cloned().collect();
    assert!(differences.is_empty(), "{} of {compared} answers differ:\n{}", differences.len(), shown.join("\n"));
}

#[test]
fn every_question_is_written_as_prometheus_writes_it() {
    if is_without_peers() {
        return;
    }
    let peer = Peer::start(&data::open_metrics());
    let mut differences = Vec::new();
    let questions = questions::chosen().into_iter().chain(generated::questions(GENERATED));
    for (text, theirs) in questions.filter_map(|text| Some((text.clone(), peer.format(&text)?))) {
        let ours = vigie_query::format_query(&text);
        let is_same = ours.as_ref().is_ok_and(|ours| compare::same_writing(ours, &theirs));
        if !is_same && !compare::is_written_otherwise(&text, &theirs) {
            differences.push(format!("{text}\n  ours {ours:?}\n  theirs {theirs:?}"));
        }
    }
    let shown: Vec<_> = differences.iter().take(40).cloned().collect();
    assert!(differences.is_empty(), "{} are written otherwise:\n{}", differences.len(), shown.join("\n"));
}

fn is_without_peers() -> bool {
    let is_set = std::env::var_os("VIGIE_WITHOUT_PEERS").is_some_and(|set| set == "1");
    if is_set {
        eprintln!("not compared with Prometheus: VIGIE_WITHOUT_PEERS is set");
    }
    is_set
}

/// Where Prometheus 2.42 does not do what its documentation says, and Vigie does.
fn is_accepted(text: &str, when: When) -> bool {
    let is_fixed = text.contains(" @ ");
    // Over several steps it fixes the window of `predict_linear` at the first of them, and moves it with the others.
    let has_steps = matches!(when, When::Range(..)) || text.contains(':');
    let moves = text.contains("predict_linear") && has_steps;
    // It forgets the offset of a fixed selector within `timestamp`.
    let forgets = text.contains("timestamp(") && text.contains(" offset ");
    is_fixed && (moves || forgets)
}

/// The moments of a question.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    /// One, in ms.
    At(i64),
    /// From, until, and step, in ms.
    Range(i64, i64, i64),
}

fn ours(source: &InMemory, text: &str, when: When) -> Ours {
    let limits = Limits::usual();
    let query = Query::parse_with(text, OPTIONS)?;
    match when {
        When::At(at_ms) => query.instant(source, at_ms, Query::LOOKBACK_MS, &limits),
        When::Range(start_ms, end_ms, step_ms) => {
            let steps = Steps::new(start_ms, end_ms, step_ms, &limits)?;
            query.range(source, steps, Query::LOOKBACK_MS, &limits)
        }
    }
}
