//! Minutes and hours answer as their samples would.

use std::sync::{Arc, Mutex};

use vigie_query::{
    Answer, Cell, Coarse, Coverage, Grain, LabelSet, Limits, Query, QueryError, Selection, SeriesCells, SeriesPart,
    SeriesSamples, Source, SourceError, Steps, Value, Visit, Wish,
};

use crate::{MINUTE, labels};

const HOUR: i64 = 60 * MINUTE;

/// One series, measured every ten seconds for two days; what is before a time is kept as windows only.
struct Kept {
    labels: Arc<LabelSet>,
    samples: Vec<(i64, f64)>,
    rolled_until_ms: i64,
    window_ms: i64,
    wishes: Mutex<Vec<Wish>>,
}

impl Kept {
    fn new(rolled_until_ms: i64, window_ms: i64) -> Self {
        // A counter that begins again every seven hours, and rests while its machine is off.
        let on = |at: &i64| !(30 * HOUR..31 * HOUR + 20 * MINUTE).contains(at);
        let value = |at: i64| ((at / 10_000) % 2_520 * 3 + at / 10_000 % 7) as f64;
        let times = (0..48 * 360).map(|n| n * 10_000 + 5_000);
        let samples = times.filter(on).map(|at| (at, value(at))).collect();
        let labels = Arc::new(labels("a_total"));
        Self { labels, samples, rolled_until_ms, window_ms, wishes: Mutex::default() }
    }

    fn raw(&self) -> Self {
        let (labels, samples) = (self.labels.clone(), self.samples.clone());
        Self { labels, samples, rolled_until_ms: 0, window_ms: self.window_ms, wishes: Mutex::default() }
    }

    fn cells(&self) -> Vec<Cell> {
        let rolled = self.samples.iter().filter(|sample| sample.0 < self.rolled_until_ms).copied();
        let rolled: Vec<(i64, f64)> = rolled.collect();
        rolled
            .chunk_by(|a, b| a.0 / self.window_ms == b.0 / self.window_ms)
            .map(|some| cell(some, self.window_ms))
            .collect()
    }
}

fn cell(samples: &[(i64, f64)], window_ms: i64) -> Cell {
    let values = || samples.iter().map(|sample| sample.1);
    let pairs = samples.windows(2).map(|pair| (pair[0].1, pair[1].1));
    Cell {
        coverage: 1.0,
        begins_ms: samples[0].0 / window_ms * window_ms,
        length_ms: window_ms,
        count: samples.len() as u64,
        sum: values().sum(),
        min: values().fold(f64::INFINITY, f64::min),
        max: values().fold(f64::NEG_INFINITY, f64::max),
        first: samples.first().copied(),
        last: samples.last().copied(),
        climbed: pairs.map(|(before, after)| if after < before { after } else { after - before }).sum(),
        spread: values().map(|value| (value, 1)).collect(),
        spread_error: 0.01,
    }
}

impl Source for Kept {
    fn select(
        &self,
        selection: &Selection<'_>,
        _limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let from = selection.start_ms.max(self.rolled_until_ms);
        let wanted = self.samples.iter().filter(|(at, _)| from <= *at && *at <= selection.end_ms);
        let (timestamps_ms, values): (Vec<i64>, Vec<f64>) = wanted.copied().unzip();
        let samples = SeriesSamples { labels: &self.labels, timestamps_ms: &timestamps_ms, values: &values };
        let _ended = sink(samples);
        Ok(Coverage::whole())
    }

    fn select_parts(
        &self,
        selection: &Selection<'_>,
        wish: Wish,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesPart<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        self.wishes.lock().expect("no panic").push(wish);
        let mut coverage = self.select(selection, limits, &mut |samples| sink(SeriesPart::Samples(samples)))?;
        let cells = if wish.takes_cells { self.cells() } else { Vec::new() };
        if let (Some(first), Some(last)) = (cells.first(), cells.last()) {
            let _ended = sink(SeriesPart::Cells(SeriesCells { labels: &self.labels, cells: &cells }));
            let (from_ms, to_ms) = (first.begins_ms, last.begins_ms + last.length_ms);
            coverage.is_coarse(Coarse {
                window_ms: self.window_ms,
                from_ms,
                to_ms,
                counted: 999,
                known: 1_000,
                only: true,
            });
        }
        Ok(coverage)
    }
}

fn ask(source: &dyn Source, text: &str, (start, end, step): (i64, i64, i64)) -> Answer {
    try_ask(source, text, (start, end, step), &Limits::usual()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn try_ask(
    source: &dyn Source,
    text: &str,
    (start, end, step): (i64, i64, i64),
    limits: &Limits,
) -> Result<Answer, QueryError> {
    let steps = Steps::new(start, end, step, limits)?;
    Query::parse(text)?.range(source, steps, Query::LOOKBACK_MS, limits)
}

fn points(answer: &Answer) -> Vec<(i64, f64)> {
    let Value::Matrix(rows) = &answer.value else { panic!("a range") };
    rows.iter().flat_map(|(_, points)| points.iter().map(|point| (point.at_ms, point.value))).collect()
}

#[test]
fn whole_windows_answer_exactly_as_their_samples() {
    for window_ms in [MINUTE, HOUR] {
        let kept = Kept::new(40 * HOUR, window_ms);
        for function in ["sum", "count", "min", "max", "avg", "last", "first", "present"] {
            let text = format!("{function}_over_time(a_total[2h])");
            let asked = (2 * HOUR, 48 * HOUR, HOUR);
            let (coarse, fine) = (points(&ask(&kept, &text, asked)), points(&ask(&kept.raw(), &text, asked)));
            assert_eq!(coarse.len(), fine.len(), "{text} from {window_ms} ms");
            for (coarse, fine) in coarse.iter().zip(&fine) {
                assert_eq!(coarse.0, fine.0);
                assert!((coarse.1 - fine.1).abs() <= fine.1.abs() * 1e-12, "{text}: {coarse:?} for {fine:?}");
            }
        }
        for text in ["rate(a_total[2h])", "increase(a_total[1h])", "delta(a_total[3h])"] {
            let asked = (3 * HOUR, 48 * HOUR, HOUR);
            let (coarse, fine) = (points(&ask(&kept, text, asked)), points(&ask(&kept.raw(), text, asked)));
            assert_eq!(coarse.len(), fine.len(), "{text} from {window_ms} ms");
            for (coarse, fine) in coarse.iter().zip(&fine) {
                assert!((coarse.1 - fine.1).abs() <= 1e-9 * (1.0 + fine.1.abs()), "{text}: {coarse:?} for {fine:?}");
            }
        }
    }
}

#[test]
fn the_newest_value_at_a_step_is_the_last_of_the_windows_before_it() {
    let kept = Kept::new(40 * HOUR, HOUR);
    let asked = (HOUR, 48 * HOUR, HOUR);
    let (coarse, fine) = (points(&ask(&kept, "a_total", asked)), points(&ask(&kept.raw(), "a_total", asked)));
    // While the machine is off, an hour is looked back for an hour longer.
    let longer: Vec<(i64, f64)> = coarse.iter().filter(|point| !fine.contains(point)).copied().collect();
    assert!(fine.iter().all(|point| coarse.contains(point)));
    assert_eq!(longer, [(31 * HOUR, fine.iter().find(|(at, _)| *at == 30 * HOUR).expect("on").1)]);
    let between = points(&ask(&kept, "a_total", (3 * HOUR + 40 * MINUTE, 4 * HOUR + 40 * MINUTE, HOUR)));
    assert_eq!(between.len(), 2, "a step within an hour sees the hour before");
}

#[test]
fn windows_side_by_side_share_every_cell_wherever_they_begin() {
    let kept = Kept::new(48 * HOUR, HOUR);
    let (from, until) = (2 * HOUR + 17 * MINUTE, 44 * HOUR);
    let counted = points(&ask(&kept, "count_over_time(a_total[3h])", (from, until, 3 * HOUR)));
    let ended = counted.last().expect("steps").0 / HOUR * HOUR;
    let there = kept.samples.iter().filter(|(at, _)| *at < ended).count();
    assert_eq!(counted.iter().map(|(_, count)| *count).sum::<f64>(), there as f64);
}

#[test]
fn an_answer_from_windows_says_so_and_how_much_of_them_is_there() {
    let kept = Kept::new(40 * HOUR, HOUR);
    let answer = ask(&kept, "sum_over_time(a_total[2h])", (2 * HOUR, 40 * HOUR, HOUR));
    assert_eq!(
        answer.coverage.warnings(),
        [
            "Vigie: answered at 1h resolution from 1970-01-01T00:00:00Z to 1970-01-02T16:00:00Z, where single samples are not \
          kept; coverage 99.9 %, edges within 1h"
        ]
    );
    let mut coverage = answer.coverage.clone();
    coverage.is_coarse(Coarse { window_ms: MINUTE, from_ms: 0, to_ms: MINUTE, counted: 6, known: 6, only: false });
    coverage.merge(answer.coverage);
    assert_eq!(coverage.infos().len(), 1);
    assert!(coverage.infos()[0].contains("at 1m resolution") && coverage.infos()[0].contains("coverage 100.0 %"));
    assert_eq!(coverage.coarse()[0].counted, 1_998, "two reads are one remark");
}

#[test]
fn a_range_shorter_than_the_windows_is_widened_or_not_answered_and_both_are_said() {
    let kept = Kept::new(40 * HOUR, HOUR);
    let asked = (10 * HOUR, 20 * HOUR, HOUR);
    let wide = ask(&kept, "rate(a_total[5m])", asked);
    assert_eq!(points(&wide), points(&ask(&kept, "rate(a_total[1h])", asked)));
    assert!(
        wide.notes.warnings()[0].contains("a range of 300 s is shorter than the windows of 3600 s"),
        "{:?}",
        wide.notes
    );
    let none = ask(&kept, "sum_over_time(a_total[5m])", asked);
    assert!(points(&none).is_empty() && none.notes.warnings()[0].contains("not answered"));
}

#[test]
fn a_quantile_says_how_near_it_is() {
    let kept = Kept::new(40 * HOUR, HOUR);
    let answer = ask(&kept, "quantile_over_time(0.5, a_total[7h])", (14 * HOUR, 28 * HOUR, 7 * HOUR));
    let fine = points(&ask(&kept.raw(), "quantile_over_time(0.5, a_total[7h])", (14 * HOUR, 28 * HOUR, 7 * HOUR)));
    for (coarse, fine) in points(&answer).iter().zip(&fine) {
        assert!((coarse.1 - fine.1).abs() <= fine.1 * 0.01, "{coarse:?} for {fine:?}");
    }
    assert_eq!(answer.notes.warnings(), ["Vigie: quantiles are within 1.0 % of a value that was measured"]);
}

#[test]
fn what_needs_every_sample_asks_for_nothing_else() {
    let kept = Kept::new(40 * HOUR, HOUR);
    let steps = Steps::new(10 * HOUR, 20 * HOUR, HOUR, &Limits::usual()).expect("steps");
    let text = "stddev_over_time(a_total[2h]) or irate(a_total[2h]) or quantile_over_time(0.5, a_total[2h]) or a_total";
    let query = Query::parse(text).expect(text).at_grain(Grain::Hour);
    query.range(&kept, steps, Query::LOOKBACK_MS, &Limits::usual()).expect("an answer");
    let wishes = kept.wishes.into_inner().expect("no panic");
    let of = |takes_cells, spread| Wish { grain: Grain::Hour, takes_cells, spread, cells_alone: false };
    assert_eq!(wishes, [of(false, false), of(false, false), of(true, true), of(true, false)]);
}

#[test]
fn what_is_in_an_hour_is_not_absent() {
    let kept = Kept::new(40 * HOUR, HOUR);
    let absent = |source: &Kept| points(&ask(source, "absent_over_time(a_total[1h])", (HOUR, 39 * HOUR, HOUR)));
    // The machine rests from 30:00 to 31:20, and an hour that begins at the edge of a window is no absence.
    assert!(absent(&kept).iter().all(|point| absent(&kept.raw()).contains(point)));
}

#[test]
fn cells_are_counted_as_what_they_weigh() {
    let kept = Kept::new(48 * HOUR, MINUTE);
    let limits = Limits { max_samples: 48 * 60 * 6, ..Limits::usual() };
    let refused = try_ask(&kept, "sum_over_time(a_total[2h])", (2 * HOUR, 40 * HOUR, HOUR), &limits);
    assert!(matches!(refused, Err(QueryError::Execution(why)) if why.contains("too many samples")));
}
