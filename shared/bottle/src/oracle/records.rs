//! Do the records of a stream, its columns and what they were folded into say the same?

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use vigie_merge::RangeSet;
use vigie_model::{SeriesIx, StreamId, Tick, UtcMs};
use vigie_rollup::{Fold, Shape, Window};
use vigie_store::Log;
use vigie_sync::keep::{Record, StreamFacts};

/// Every tick that the hub has of a stream, each once.
pub(super) fn all_ticks(log: &Log, stream: StreamId, facts: &StreamFacts) -> Result<BTreeMap<u64, Tick>, String> {
    let wanted = facts.ticks();
    let records = log.load(stream, &wanted, usize::MAX, false).map_err(|error| error.to_string())?;
    let mut ticks = BTreeMap::new();
    let mut keep = |tick: Tick| match ticks.insert(tick.seq.0, tick) {
        None => Ok(()),
        Some(tick) => Err(format!("{} is there twice", tick.seq)),
    };
    for record in records {
        match record {
            Record::Ticks(run) => run.iter().try_for_each(|tick| keep(Tick::clone(tick)))?,
            Record::Segment(segment) => {
                segment.ticks().map_err(|error| error.to_string())?.into_iter().try_for_each(&mut keep)?;
            }
            Record::Statement(_) => {}
        }
    }
    answers_agree(log, stream, &ticks)?;
    Ok(ticks)
}

/// Ticks that are here under their agent's signature.
fn in_segments(log: &Log, stream: StreamId, facts: &StreamFacts) -> Result<RangeSet, String> {
    let records = log.load(stream, &facts.ticks(), usize::MAX, false).map_err(|error| error.to_string())?;
    let ranges = records.iter().filter_map(|record| match record {
        Record::Segment(segment) => Some((segment.header().first.0, segment.header().last.0)),
        Record::Ticks(_) | Record::Statement(_) => None,
    });
    Ok(ranges.collect())
}

/// A question about each series is answered with the values of its ticks, in their order.
fn answers_agree(log: &Log, stream: StreamId, ticks: &BTreeMap<u64, Tick>) -> Result<(), String> {
    let mut there: BTreeMap<SeriesIx, Vec<i64>> = BTreeMap::new();
    for sample in ticks.values().flat_map(|tick| &tick.samples) {
        there.entry(sample.series).or_default().push(sample.value);
    }
    let series: Vec<SeriesIx> = there.keys().copied().collect();
    let mut answered = vec![Vec::<i64>::new(); series.len()];
    log.columns_between(stream, &series, UtcMs(i64::MIN), UtcMs(i64::MAX), |columns| {
        answered.iter_mut().zip(columns).for_each(|(all, column)| all.extend(&column.values));
        ControlFlow::Continue(())
    })
    .map_err(|error| error.to_string())?;
    let wrong = there.into_iter().zip(answered).find(|((_, there), answered)| there != answered);
    wrong.map_or(Ok(()), |((ix, there), answered)| {
        Err(format!("series {} of {stream:?}: {} values and {} answered", ix.0, there.len(), answered.len()))
    })
}

/// Every sealed tick is in one hour and one minute, and these are what their ticks come down to, where all of them are here.
///
/// But for ticks of which nobody knows what they show: `nameless` when the agent's disk may have taken their definitions.
/// It can have the only copy of them when it is damaged, and a value without its definition is a number and no more. They
/// are here as they were measured, and are folded as soon as somebody brings the definitions.
pub(super) fn rollups_agree(
    log: &Log,
    stream: StreamId,
    facts: &StreamFacts,
    ticks: &BTreeMap<u64, Tick>,
    nameless: bool,
) -> Result<(), String> {
    let told = |error: vigie_store::ReadError| error.to_string();
    let defs = log.schema(stream, 0, usize::MAX).map_err(told)?;
    if let Some(from) = log.unfolded_from(stream).map_err(told)? {
        let has_all = |tick: &Tick| tick.samples.iter().all(|sample| (sample.series.0 as usize) < defs.len());
        let unfolded = in_segments(log, stream, facts)?.without(&facts.rolled.own);
        let strange = ticks.values().find(|tick| unfolded.contains(tick.seq.0) && has_all(tick));
        if !nameless || unfolded.is_empty() || strange.is_some() {
            return Err(format!(
                "ticks from {from:?} on are sealed and not folded: {unfolded:?}, of {} definitions",
                defs.len()
            ));
        }
    }
    let shape = |ix: SeriesIx| defs.get(ix.0 as usize).map(Shape::of);
    let resolved = |tick: &Tick| {
        facts.anchors.get(&tick.at.boot.no).and_then(|anchor| anchor.resolve(tick.at)).unwrap_or(tick.at.utc)
    };
    let series: Vec<SeriesIx> = (0..defs.len() as u32).map(SeriesIx).collect();
    for window in [Window::Hour, Window::Minute] {
        let (mut counted, mut fault) = (RangeSet::new(), None);
        let (from, to) = (UtcMs(i64::MIN), UtcMs(i64::MAX));
        let asked = log.rollups_between(stream, &series, window, from, to, |rolled| {
            let mut fold = Fold::new(rolled.hour);
            let numbers = rolled.covered.ranges().flat_map(|(first, last)| first..=last);
            let own: Option<Vec<&Tick>> = numbers.map(|number| ticks.get(&number)).collect();
            let whole = own.is_some();
            let strange = own.into_iter().flatten().find(|tick| !fold.add(resolved(tick), tick, shape));
            let piece = fold.finish().filter(|_| whole && strange.is_none());
            let wrong = |(ix, cells): (&SeriesIx, &Vec<_>)| {
                piece.as_ref().is_some_and(|piece| piece.cells(*ix, window) != *cells)
            };
            if let Some(strange) = strange {
                fault = Some(format!("{} was folded into {:?}, which it is not of", strange.seq, rolled.hour));
            } else if !counted.intersection(&rolled.covered).is_empty() {
                fault = Some(format!("a tick of {:?} counts twice", rolled.hour));
            } else if let Some((ix, _)) = series.iter().zip(&rolled.cells).find(|one| wrong((one.0, one.1))) {
                fault = Some(format!("series {} of {:?} is not what its ticks come down to", ix.0, rolled.hour));
            }
            counted.union_with(&rolled.covered);
            if fault.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        asked.map_err(told)?;
        if let Some(fault) = fault {
            return Err(fault);
        }
    }
    Ok(())
}
