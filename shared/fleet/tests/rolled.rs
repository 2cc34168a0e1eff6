//! What is no longer kept as it was measured answers from its minutes and hours, and says so.

mod common;

use std::ops::ControlFlow;
use std::sync::Arc;

use common::*;
use vigie_fleet::Known;
use vigie_model::{Boot, Kind, Moment, Resolution, Sample, Seq, SeriesDef, SeriesIx, Tick, UtcMs};
use vigie_query::{
    Answer, Cell, Grain, Hints, Lack, Limits, Matcher, Query, Selection, SeriesPart, Source, Steps, Value, Wish,
};
use vigie_serve::{Amount, HoleKind, Lookout};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The beginning of an hour, and of a day.
const BEGIN: i64 = 1_700_006_400_000 / DAY * DAY;

/// A total that begins again now and then, and a level.
fn tick_every(every_ms: i64, seq: u64) -> Arc<Tick> {
    // Not at the edge of a window, where a range of Prometheus and an hour differ by a sample.
    let utc = BEGIN + (seq as i64 - 1) * every_ms + 5_000;
    let at = Moment { utc: UtcMs(utc), boot: Boot { no: 1, ms: utc.cast_unsigned() } };
    let sample = |(ix, value)| Sample { series: SeriesIx(ix), value };
    let values = [(0, (seq as i64 % 700) * 3), (1, seq as i64 * 7 % 1_003)];
    Arc::new(Tick { seq: Seq(seq), at, samples: values.into_iter().map(sample).collect() })
}

fn world(every_ms: i64, days: i64) -> (Hub, Machine) {
    let (hub, machine) = (Hub::new(), Machine::new(1, 1));
    hub.fleet.enrolled(machine.known("lyon", "web-1"));
    let total = SeriesDef::new("app.requests", &[], "1", Kind::Counter, Resolution::ONE).expect("a definition");
    hub.commit(&machine, vec![machine.hello(), machine.schema(0, vec![total, def("app.level", &[])])]);
    let ticks: Vec<_> = (1..=(days * DAY / every_ms) as u64).map(|seq| tick_every(every_ms, seq)).collect();
    hub.commit(&machine, ticks.chunks(240).map(|some| machine.sealed(some)).collect());
    hub.fold(&machine);
    (hub, machine)
}

fn ask(hub: &Hub, text: &str, asked: (i64, i64, i64), grain: Grain) -> Answer {
    ask_within(&Limits::usual(), hub, text, asked, grain)
}

fn ask_within(limits: &Limits, hub: &Hub, text: &str, (start, end, step): (i64, i64, i64), grain: Grain) -> Answer {
    let steps = Steps::new(BEGIN + start, BEGIN + end, step, limits).expect("steps");
    let query = Query::parse(text).expect(text).at_grain(grain);
    query.range(&hub.fleet, steps, Query::LOOKBACK_MS, limits).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn points(answer: &Answer) -> Vec<(i64, f64)> {
    let Value::Matrix(rows) = &answer.value else { panic!("a range") };
    rows.iter().flat_map(|(_, points)| points.iter().map(|point| (point.at_ms - BEGIN, point.value))).collect()
}

/// What is said of windows that stand for samples; that the machine has been silent since is true of all of these.
fn coarse_warnings(answer: &Answer) -> Vec<String> {
    answer.coverage.warnings().into_iter().filter(|text| text.starts_with("Vigie: ")).collect()
}

fn assert_near(coarse: &Answer, fine: &[(i64, f64)], text: &str) {
    let coarse = points(coarse);
    assert_eq!(coarse.len(), fine.len(), "{text}");
    for (coarse, fine) in coarse.iter().zip(fine) {
        assert_eq!(coarse.0, fine.0, "{text}");
        assert!((coarse.1 - fine.1).abs() <= 1e-9 * (1.0 + fine.1.abs()), "{text}: {coarse:?} for {fine:?}");
    }
}

const QUESTIONS: [&str; 9] = [
    "app_requests_total",
    "app_level",
    "rate(app_requests_total[2h])",
    "increase(app_requests_total[1h])",
    "sum_over_time(app_level[1h])",
    "count_over_time(app_level[3h])",
    "min_over_time(app_level[2h])",
    "max_over_time(app_level[2h])",
    "avg_over_time(app_level[1h])",
];

#[test]
fn samples_minutes_and_hours_answer_alike_as_one_goes_after_the_other() {
    let (hub, machine) = world(MINUTE, 4);
    let asked = (3 * HOUR, 4 * DAY, HOUR);
    let fine: Vec<_> = QUESTIONS.iter().map(|text| points(&ask(&hub, text, asked, Grain::Auto))).collect();
    for (text, fine) in QUESTIONS.iter().zip(&fine) {
        let answer = ask(&hub, text, asked, Grain::Auto);
        assert!(answer.coverage.coarse().is_empty(), "{text}: samples are here");
        assert_near(&answer, fine, text);
    }
    // Half of an hour is gone too.
    hub.expire(&machine, BEGIN + 2 * DAY + HOUR / 2);
    let after = |window: &str| {
        for (text, fine) in QUESTIONS.iter().zip(&fine) {
            let answer = ask(&hub, text, asked, Grain::Auto);
            assert_near(&answer, fine, text);
            let warnings = coarse_warnings(&answer);
            assert!(warnings[0].contains(&format!("answered at {window} resolution from ")), "{text}: {warnings:?}");
            assert!(warnings[0].contains("single samples are not kept; coverage 100.0 %"), "{text}: {warnings:?}");
            assert!(answer.notes.warnings().is_empty(), "{text}: {:?}", answer.notes);
        }
    };
    // Steps of whole hours are answered from hours, whether there are minutes or not.
    after("1h");
    let (minutes, late) = ((3 * HOUR, DAY, 5 * MINUTE), (DAY, 4 * DAY, 5 * MINUTE));
    let by_minutes = ask(&hub, "rate(app_requests_total[10m])", minutes, Grain::Auto);
    assert!(coarse_warnings(&by_minutes)[0].contains("answered at 1m resolution"));
    assert!(coarse_warnings(&ask(&hub, "app_level", late, Grain::Auto))[0].contains("answered at 1m resolution"));
    hub.log().expire_rollups(machine.stream, UtcMs(BEGIN + 2 * DAY), UtcMs(i64::MIN)).expect("a disk in order");
    after("1h");
    let by_hours = ask(&hub, "rate(app_requests_total[10m])", minutes, Grain::Auto);
    assert!(coarse_warnings(&by_hours)[0].contains("answered at 1h resolution"), "{:?}", by_hours.coverage);
    assert!(by_hours.notes.warnings()[0].contains("shorter than the windows"), "{:?}", by_hours.notes);
}

#[test]
fn what_was_let_go_of_is_no_loss_and_nothing_is_claimed_of_it() {
    let (hub, machine) = world(MINUTE, 3);
    let days = (DAY / MINUTE) as u64;
    hub.expire(&machine, BEGIN + DAY);
    hub.log().expire_rollups(machine.stream, UtcMs(BEGIN + DAY), UtcMs(BEGIN + DAY)).expect("a disk in order");
    let ledger = hub.fleet.ledger(machine.stream.agent).expect("enrolled");
    assert_eq!(ledger.total.expired, Some(Amount::known(days, None)));
    assert_eq!(ledger.total.at_hub.map(|at_hub| at_hub.ticks), Some(3 * days));
    assert_eq!((ledger.total.waiting.ticks, ledger.total.given_up.len()), (0, 0));
    assert!(!ledger.holes.iter().any(|hole| matches!(hole.kind, HoleKind::Lost | HoleKind::Waiting)));
    let answer = ask(&hub, "app_level", (0, 2 * DAY, HOUR), Grain::Auto);
    assert!(points(&answer).iter().all(|(at, _)| *at > DAY));
    let lacks: Vec<Lack> = answer.coverage.shortfalls().iter().map(|short| short.lack).collect();
    assert!(lacks.contains(&Lack::Expired { before_ms: BEGIN + DAY }), "{lacks:?}");
    // What needs every sample is told since when they are here.
    hub.expire(&machine, BEGIN + 2 * DAY);
    let answer = ask(&hub, "stddev_over_time(app_level[1h])", (DAY, 3 * DAY, HOUR), Grain::Auto);
    assert!(points(&answer).iter().all(|(at, _)| *at > 2 * DAY));
    let lacks: Vec<Lack> = answer.coverage.shortfalls().iter().map(|short| short.lack).collect();
    assert!(lacks.contains(&Lack::Expired { before_ms: BEGIN + 2 * DAY }), "{lacks:?}");
    let late = ask(&hub, "stddev_over_time(app_level[1h])", (2 * DAY + 2 * HOUR, 3 * DAY, HOUR), Grain::Auto);
    assert!(!late.coverage.shortfalls().iter().any(|short| matches!(short.lack, Lack::Expired { .. })));
}

#[test]
fn whoever_asks_for_hours_gets_them_and_what_would_be_too_much_is_answered_from_them() {
    let (hub, _machine) = world(4 * MINUTE, 50);
    let (month, year) = ((3 * HOUR, 30 * DAY, HOUR), (3 * HOUR, 50 * DAY, HOUR));
    let of = |text: &str, asked, grain| ask(&hub, text, asked, grain);
    for text in QUESTIONS {
        let fine = points(&of(text, month, Grain::Raw));
        let by_hours = of(text, month, Grain::Hour);
        assert_near(&by_hours, &fine, text);
        assert!(by_hours.coverage.infos()[0].contains("at 1h resolution"), "{text}");
        assert!(coarse_warnings(&by_hours).is_empty(), "{text}: there was a choice");
        assert!(of(text, year, Grain::Auto).coverage.infos().is_empty(), "{text}: samples are here, and few enough");
    }
    let few = Limits { max_samples: 17_000, ..Limits::usual() };
    for text in QUESTIONS.iter().filter(|text| text.contains('[')) {
        let much = ask_within(&few, &hub, text, year, Grain::Auto);
        assert!(much.coverage.infos()[0].contains("at 1h resolution"), "{text}");
        assert_near(&much, &points(&of(text, year, Grain::Raw)), text);
    }
    let quantile = of("quantile_over_time(0.9, app_level[1d])", (DAY, 30 * DAY, DAY), Grain::Hour);
    let fine = points(&of("quantile_over_time(0.9, app_level[1d])", (DAY, 30 * DAY, DAY), Grain::Raw));
    assert!(quantile.notes.warnings()[0].contains("quantiles are within"));
    for (coarse, fine) in points(&quantile).iter().zip(&fine) {
        assert!((coarse.1 - fine.1).abs() <= fine.1 * 0.03, "{coarse:?} for {fine:?}");
    }
}

#[test]
fn an_export_holds_samples_alone_and_an_old_moment_has_its_value() {
    let (hub, machine) = world(MINUTE, 2);
    let matchers = [Matcher::equal("__name__", "app_level")];
    let moment = BEGIN + 7 * HOUR;
    let value = |hub: &Hub| {
        let answer = Query::parse("app_level").expect("a name");
        let answer = answer.instant(&hub.fleet, moment, Query::LOOKBACK_MS, &Limits::usual()).expect("an answer");
        let Value::Vector(rows) = answer.value else { panic!("a vector") };
        rows.iter().map(|(_, point)| point.value).collect::<Vec<_>>()
    };
    let fine = value(&hub);
    hub.expire(&machine, BEGIN + DAY);
    assert_eq!(value(&hub), fine);
    let all = hub.ask(&matchers, (i64::MIN, i64::MAX), Hints::default()).expect("an answer");
    let times: Vec<i64> = all.values().flat_map(|samples| samples.keys().copied()).collect();
    assert!(times.len() as i64 >= DAY / MINUTE && times.iter().all(|at| *at > BEGIN + DAY - 4 * HOUR));
}

#[test]
fn hours_of_which_something_is_missing_say_how_much_is_there() {
    let (hub, machine) = (Hub::new(), Machine::new(1, 1));
    let known: Known = machine.known("lyon", "web-1");
    hub.fleet.enrolled(known);
    let defs = vec![def("app.total", &[]), def("app.level", &[])];
    hub.commit(&machine, vec![machine.hello(), machine.schema(0, defs)]);
    let ticks: Vec<_> = (1..=(DAY / MINUTE) as u64).map(|seq| tick_every(MINUTE, seq)).collect();
    // Two hours of a day never came.
    let there = [&ticks[..600], &ticks[720..]].map(|some| machine.sealed(some));
    hub.commit(&machine, there.to_vec());
    hub.fold(&machine);
    let answer = ask(&hub, "count_over_time(app_level[1h])", (HOUR, DAY, HOUR), Grain::Hour);
    assert_eq!(points(&answer).len(), 22);
    assert!(answer.coverage.infos()[0].contains("coverage 91.6 %"), "{:?}", answer.coverage.infos());
}

/// What hours or minutes leave with an export: when they begin, how long they are, count, sum and coverage.
fn taken_away(hub: &Hub, grain: Grain, (from, to): (i64, i64)) -> Vec<(i64, i64, u64, f64, f64)> {
    let matchers = [Matcher::equal("__name__", "app_level")];
    let (selection, mut rows) = (Selection::new(&matchers, from, to), Vec::new());
    let take = &mut |part: SeriesPart<'_>| {
        let SeriesPart::Cells(cells) = part else { panic!("no samples were wanted") };
        let row = |cell: &Cell| (cell.begins_ms - BEGIN, cell.length_ms, cell.count, cell.sum, cell.coverage);
        rows.extend(cells.cells.iter().map(row));
        ControlFlow::Continue(())
    };
    hub.fleet.select_parts(&selection, Wish::cells(grain), &Limits::usual(), take).expect("an answer");
    rows
}

#[test]
fn hours_are_taken_away_whole_whatever_else_is_kept() {
    let (hub, machine) = world(MINUTE, 3);
    let all = (i64::MIN, i64::MAX);
    let hours = taken_away(&hub, Grain::Hour, all);
    assert_eq!(hours.len(), 72);
    for (no, (begins, length, count, sum, coverage)) in hours.iter().enumerate() {
        // Kept in tenths.
        let level = |seq: i64| (seq * 7 % 1_003) as f64 / 10.0;
        let first = no as i64 * 60 + 1;
        assert_eq!((*begins, *length, *count, *coverage), (no as i64 * HOUR, HOUR, 60, 1.0));
        assert!((sum - (first..first + 60).map(level).sum::<f64>()).abs() < 1e-9, "{no}: {sum}");
    }
    let minutes = taken_away(&hub, Grain::Minute, all);
    assert_eq!((minutes.len(), minutes[61].0, minutes[61].1), (72 * 60, 61 * MINUTE, MINUTE));
    // Half of a day is gone, and of its minutes a part.
    hub.expire(&machine, BEGIN + DAY + HOUR / 2);
    hub.log().expire_rollups(machine.stream, UtcMs(BEGIN + 12 * HOUR), UtcMs(i64::MIN)).expect("a disk in order");
    assert_eq!(taken_away(&hub, Grain::Hour, all), hours);
    let mixed = taken_away(&hub, Grain::Minute, all);
    assert_eq!(mixed.iter().filter(|row| row.1 == HOUR).count(), 12, "where minutes are gone there are hours");
    assert_eq!(mixed.iter().map(|row| row.2).sum::<u64>(), 72 * 60);
    let some = taken_away(&hub, Grain::Hour, (BEGIN + 5 * HOUR + 1, BEGIN + 7 * HOUR));
    assert_eq!(some, hours[5..8], "those that touch the time");
}

#[test]
fn an_hour_that_is_taken_away_says_how_much_of_it_came() {
    let (hub, machine) = (Hub::new(), Machine::new(1, 1));
    hub.fleet.enrolled(machine.known("lyon", "web-1"));
    let defs = vec![def("app.total", &[]), def("app.level", &[])];
    hub.commit(&machine, vec![machine.hello(), machine.schema(0, defs)]);
    let ticks: Vec<_> = (1..=180).map(|seq| tick_every(MINUTE, seq)).collect();
    hub.commit(&machine, [&ticks[..75], &ticks[90..]].map(|some| machine.sealed(some)).to_vec());
    hub.fold(&machine);
    let shares: Vec<(u64, f64)> =
        taken_away(&hub, Grain::Hour, (i64::MIN, i64::MAX)).iter().map(|row| (row.2, row.4)).collect();
    assert_eq!(shares, [(60, 1.0), (45, 0.75), (60, 1.0)]);
}
