//! How do pieces from everywhere become whole series?

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::cell::Cell;
use crate::column::{Budget, Hold, is_present};
use crate::order::sort_by_labels;
use crate::{Coverage, LabelSet, Limits, QueryError, Selection, SeriesPart, Source, Visit, Wish};

/// How many pieces pass between two looks at the deadline; a piece is some hundred samples.
const PIECES_PER_LOOK: usize = 64;

/// A series with its samples in rising time, one for each moment, marks of its end taken out; and what of it is only kept
/// as minutes or hours, by their ends.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) labels: Arc<LabelSet>,
    pub(crate) times: Vec<i64>,
    pub(crate) values: Vec<f64>,
    pub(crate) cells: Vec<Cell>,
    pub(crate) hold: Hold,
}

/// Whole series, sorted by labels, and what is missing from them.
pub(crate) fn gather(
    source: &dyn Source,
    (selection, wish): (&Selection<'_>, Wish),
    limits: &Limits,
    budget: &Budget,
) -> Result<(Vec<Whole>, Coverage), QueryError> {
    let make = |labels| Whole::empty(labels, budget);
    let (mut series, coverage) =
        collect(source, (selection, wish), limits, make, |whole, part| whole.take(part, budget))?;
    for whole in &mut series {
        limits.stop.check()?;
        whole.put_in_order();
    }
    series.retain(|whole| !whole.times.is_empty() || !whole.cells.is_empty());
    Ok((series, coverage))
}

/// Brings every piece to what is made of its series; what was made comes sorted by labels.
pub(crate) fn collect<T, E: From<QueryError>>(
    source: &dyn Source,
    (selection, wish): (&Selection<'_>, Wish),
    limits: &Limits,
    make: impl Fn(Arc<LabelSet>) -> Result<T, E>,
    add: impl Fn(&mut T, SeriesPart<'_>) -> Result<(), E>,
) -> Result<(Vec<T>, Coverage), E> {
    let mut heap = Heap { places: HashMap::new(), made: Vec::new(), limits };
    let coverage = visit(source, (selection, wish), limits, |part| heap.take(part, &make, &add))?;
    sort_by_labels(&mut heap.made, |(labels, _)| labels);
    Ok((heap.made.into_iter().map(|(_, made)| made).collect(), coverage))
}

/// Takes in every piece until one is refused.
pub(crate) fn visit<E: From<QueryError>>(
    source: &dyn Source,
    (selection, wish): (&Selection<'_>, Wish),
    limits: &Limits,
    mut take: impl FnMut(SeriesPart<'_>) -> Result<(), E>,
) -> Result<Coverage, E> {
    let (mut pieces, mut refusal) = (0_usize, None);
    let coverage = source.select_parts(selection, wish, limits, &mut |part| {
        pieces += 1;
        let looked = if pieces.is_multiple_of(PIECES_PER_LOOK) { limits.stop.check() } else { Ok(()) };
        match looked.map_err(|halt| E::from(halt.into())).and_then(|()| take(part)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                refusal = Some(error);
                Visit::Break(())
            }
        }
    });
    refusal.map_or(coverage.map_err(|error| E::from(error.into())), Err)
}

pub(crate) fn too_many_series(limits: &Limits) -> QueryError {
    let most = limits.max_series;
    QueryError::Execution(format!("the query selects more than {most} series"))
}

struct Heap<'a, T> {
    places: HashMap<Arc<LabelSet>, usize>,
    made: Vec<(Arc<LabelSet>, T)>,
    limits: &'a Limits,
}

impl<T> Heap<'_, T> {
    fn take<E: From<QueryError>>(
        &mut self,
        part: SeriesPart<'_>,
        make: &impl Fn(Arc<LabelSet>) -> Result<T, E>,
        add: &impl Fn(&mut T, SeriesPart<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let place = match self.places.get(part.labels()) {
            Some(place) => *place,
            None => self.new_place(part.labels(), make)?,
        };
        add(&mut self.made[place].1, part)
    }

    fn new_place<E: From<QueryError>>(
        &mut self,
        labels: &Arc<LabelSet>,
        make: &impl Fn(Arc<LabelSet>) -> Result<T, E>,
    ) -> Result<usize, E> {
        if self.made.len() >= self.limits.max_series {
            return Err(too_many_series(self.limits).into());
        }
        self.made.push((Arc::clone(labels), make(Arc::clone(labels))?));
        self.places.insert(Arc::clone(labels), self.made.len() - 1);
        Ok(self.made.len() - 1)
    }
}

impl Whole {
    /// A series of which nothing came.
    pub(crate) fn empty(labels: Arc<LabelSet>, budget: &Budget) -> Result<Self, QueryError> {
        Ok(Self { labels, times: Vec::new(), values: Vec::new(), cells: Vec::new(), hold: budget.hold(0)? })
    }

    pub(crate) fn take(&mut self, part: SeriesPart<'_>, budget: &Budget) -> Result<(), QueryError> {
        match part {
            SeriesPart::Samples(samples) => self.take_samples(samples.timestamps_ms, samples.values, budget),
            SeriesPart::Cells(cells) => {
                self.hold.grow(budget, cells.cells.iter().map(Cell::weight).sum())?;
                self.cells.extend_from_slice(cells.cells);
                Ok(())
            }
        }
    }

    pub(crate) fn take_samples(&mut self, times: &[i64], values: &[f64], budget: &Budget) -> Result<(), QueryError> {
        self.hold.grow(budget, times.len())?;
        self.times.extend_from_slice(times);
        self.values.extend_from_slice(values);
        Ok(())
    }

    /// Of two samples of one moment the one that came last stays.
    pub(crate) fn put_in_order(&mut self) {
        if !self.times.windows(2).all(|pair| pair[0] < pair[1]) {
            let mut order: Vec<usize> = (0..self.times.len()).collect();
            // Stable, so the order of arrival is kept within a moment.
            order.sort_by_key(|at| self.times[*at]);
            let last_of_moment = |pair: &[usize]| self.times[pair[0]] != self.times[pair[1]];
            let mut kept: Vec<usize> =
                order.windows(2).filter(|pair| last_of_moment(pair)).map(|pair| pair[0]).collect();
            kept.extend(order.last());
            self.keep(&kept);
        }
        if !self.values.iter().all(|value| is_present(*value)) {
            let kept: Vec<usize> = (0..self.values.len()).filter(|at| is_present(self.values[*at])).collect();
            self.keep(&kept);
        }
        self.cells.sort_by_key(|cell| (cell.ends_ms(), cell.begins_ms));
        self.hold.shrink_to(self.times.len() + self.cells.iter().map(Cell::weight).sum::<usize>());
    }

    /// Without the first samples.
    pub(crate) fn let_go(&mut self, count: usize) {
        self.times.drain(..count);
        self.values.drain(..count);
        self.hold.shrink_to(self.times.len());
    }

    fn keep(&mut self, kept: &[usize]) {
        self.times = kept.iter().map(|at| self.times[*at]).collect();
        self.values = kept.iter().map(|at| self.values[*at]).collect();
    }
}

/// Prometheus' words, which clients know.
pub(crate) fn too_many_samples() -> QueryError {
    QueryError::Execution("query processing would load too many samples into memory in query execution".to_owned())
}
