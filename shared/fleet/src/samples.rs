//! The log and the newest ticks, as a question sees them.

use std::sync::Arc;

use vigie_model::{NodeId, Role, SeriesDef, SeriesIx, StreamId, UtcMs};
use vigie_query::{
    Coverage, LabelSet, Lack, Limits, Matcher, Owner, SeriesSamples, Shortfall, Source, SourceError, Visit,
};
use vigie_serve::Reachability;

use crate::fleet::{Fleet, Known};

/// Read at once: an hour of a machine at one second and 200 series is 12 MB of columns.
const WINDOW_MS: i64 = 3_600_000;

/// Times and values of one series.
type Column = (Vec<i64>, Vec<f64>);

/// The series of one stream that match, and their columns while a window is read.
struct Wanted {
    stream: StreamId,
    series: Vec<(SeriesIx, Arc<LabelSet>, SeriesDef)>,
}

impl Source for Fleet {
    fn select(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let mut coverage = Coverage::whole();
        for known in self.asked(matchers) {
            let wanted = self.wanted(&known, matchers);
            if wanted.is_empty() {
                continue;
            }
            for one in wanted {
                limits.stop.check()?;
                if self.read(&one, (start_ms, end_ms), limits, sink)?.is_break() {
                    return Ok(coverage);
                }
            }
            self.note_lacks(&known, end_ms, &mut coverage);
        }
        Ok(coverage)
    }

    fn series(
        &self,
        matchers: &[Matcher],
        _start_ms: i64,
        _end_ms: i64,
        limits: &Limits,
        sink: &mut dyn FnMut(&Arc<LabelSet>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        for known in self.asked(matchers) {
            limits.stop.check()?;
            for one in self.wanted(&known, matchers) {
                for (_, labels, _) in &one.series {
                    if sink(labels).is_break() {
                        return Ok(Coverage::whole());
                    }
                }
            }
        }
        Ok(Coverage::whole())
    }
}

impl Fleet {
    fn asked(&self, matchers: &[Matcher]) -> Vec<Known> {
        let memory = self.memory();
        let agents = memory.nodes.values().filter(|known| known.role == Role::Agent);
        agents.filter(|known| owner(known).may_match(matchers)).cloned().collect()
    }

    fn wanted(&self, known: &Known, matchers: &[Matcher]) -> Vec<Wanted> {
        let owner = owner(known);
        let memory = self.memory();
        let of_stream = |stream: StreamId| {
            let defs = &memory.recents.get(&stream)?.defs;
            let series: Vec<_> = (0u32..)
                .zip(defs)
                .filter_map(|(ix, def)| {
                    let labels = owner.labels_if_matched(def, matchers)?;
                    Some((SeriesIx(ix), Arc::new(labels), def.clone()))
                })
                .collect();
            (!series.is_empty()).then_some(Wanted { stream, series })
        };
        memory.streams_of(known.node).filter_map(of_stream).collect()
    }

    /// Window by window, with no lock held while the reader takes what was found.
    fn read(
        &self,
        one: &Wanted,
        (start_ms, end_ms): (i64, i64),
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Visit, SourceError> {
        let failed = |error: vigie_store::ReadError| SourceError::Failed(error.to_string());
        let span = self.log().time_span(one.stream).map_err(failed)?;
        let Some((first, last)) = span else { return Ok(self.newest(one, (start_ms, end_ms), sink)) };
        let (mut from, until) = (start_ms.max(first.0), end_ms.min(last.0));
        while from <= until {
            limits.stop.check()?;
            let to = from.saturating_add(WINDOW_MS - 1).min(until);
            let columns = self.columns(one, from, to).map_err(failed)?;
            if give(one, &columns, sink).is_break() {
                return Ok(Visit::Break(()));
            }
            from = to.saturating_add(1);
        }
        Ok(self.newest(one, (start_ms, end_ms), sink))
    }

    fn columns(&self, one: &Wanted, from: i64, to: i64) -> Result<Vec<Column>, vigie_store::ReadError> {
        let mut columns = vec![(Vec::new(), Vec::new()); one.series.len()];
        self.log().ticks_between(one.stream, UtcMs(from), UtcMs(to), |at, tick| {
            for ((ix, _, def), (times, values)) in one.series.iter().zip(&mut columns) {
                if let Some(kept) = tick.value(*ix) {
                    times.push(at.0);
                    values.push(def.resolution().value(kept));
                }
            }
        })?;
        columns.iter_mut().for_each(in_order);
        Ok(columns)
    }

    /// What came and is perhaps not durable yet. The reader keeps one of two samples of one moment.
    fn newest(
        &self,
        one: &Wanted,
        (start_ms, end_ms): (i64, i64),
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Visit {
        let mut columns = vec![(Vec::new(), Vec::new()); one.series.len()];
        {
            let memory = self.memory();
            let Some(recent) = memory.recents.get(&one.stream) else { return Visit::Continue(()) };
            for seen in recent.ticks() {
                let at = memory.true_time(one.stream, &seen.tick).0;
                let durable = memory.facts.get(&one.stream).is_some_and(|facts| facts.have.contains(seen.tick.seq.0));
                if durable || at < start_ms || at > end_ms {
                    continue;
                }
                for ((ix, _, def), (times, values)) in one.series.iter().zip(&mut columns) {
                    if let Some(kept) = seen.tick.value(*ix) {
                        times.push(at);
                        values.push(def.resolution().value(kept));
                    }
                }
            }
        }
        columns.iter_mut().for_each(in_order);
        give(one, &columns, sink)
    }

    /// An answer that reaches into a time of which something is missing says so.
    fn note_lacks(&self, known: &Known, end_ms: i64, coverage: &mut Coverage) {
        let Some(machine) = self.one_machine(known.node) else { return };
        let since_ms = machine.last_sample.as_ref().map_or(0, |origin| origin.observed_at.0.0);
        let lack = match machine.reachability.state {
            Reachability::Cut if end_ms > since_ms => Some(Lack::Cut { since_ms }),
            Reachability::Silent if end_ms > since_ms => Some(Lack::Silent { since_ms }),
            _ => None,
        };
        // One tick on its way is everyday life; a backlog is not.
        let waiting = machine.ledger.waiting.ticks;
        let waiting = (waiting > 2).then_some(Lack::Waiting { ticks: waiting });
        for lack in lack.into_iter().chain(waiting) {
            let Owner { site, machine, machine_id, .. } = owner(known);
            coverage.lacks(Shortfall { machine, machine_id, site, lack });
        }
    }
}

fn give(one: &Wanted, columns: &[Column], sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit) -> Visit {
    for ((_, labels, _), (timestamps_ms, values)) in one.series.iter().zip(columns) {
        if !timestamps_ms.is_empty() {
            sink(SeriesSamples { labels, timestamps_ms, values })?;
        }
    }
    Visit::Continue(())
}

/// Ticks come in the order of their numbers; a clock that was set back makes their times fall.
fn in_order((times, values): &mut Column) {
    if times.is_sorted() {
        return;
    }
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by_key(|at| times[*at]);
    *values = order.iter().map(|at| values[*at]).collect();
    *times = order.iter().map(|at| times[*at]).collect();
}

fn owner(known: &Known) -> Owner {
    Owner {
        client: known.client.to_string(),
        site: known.site.to_string(),
        machine: known.name.clone(),
        machine_id: node_text(known.node),
    }
}

fn node_text(node: NodeId) -> String {
    node.to_string()
}
