//! Which neighbours are worth laying out by series together?
//!
//! Each time four times as many ticks stand side by side as in the size below, they become one: so a tick is laid out anew
//! four times in its life, and a day at ten seconds ends in one or two pieces. Where a tick holds few of its stream's series
//! (others push some dozen of a thousand at a moment) more ticks are waited for: a column of four values costs more than it
//! saves.

use vigie_codec::columns::{MAX_SAMPLES, MAX_TICKS};

use super::index::Span;

/// How much more each size holds than the one below.
const STEP: u64 = 4;

/// A column holds at least one value for so many of the ticks that a size asks for, if all series were in them.
const SPARSE: u64 = 4;

/// Of so many times the ticks that a size asks for, columns are as short as they are: definitions are for ever, and most of
/// a stream's may be of what is long gone.
const MANY: u64 = 8;

/// What is worth being laid out together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Worth {
    /// So many ticks at least, where each holds a good part of the stream's series.
    pub(crate) ticks: u64,
    /// Definitions of the stream.
    pub(crate) series: u64,
}

impl Worth {
    fn is_met(self, ticks: u64, samples: u64) -> bool {
        let deep = samples.saturating_mul(SPARSE) >= self.series.saturating_mul(self.ticks);
        ticks >= self.ticks && (deep || ticks >= self.ticks.saturating_mul(MANY))
    }
}

/// Segments and columns that follow one another within one boot, to be laid out together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Neighbours {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// The first neighbours that are worth it, smallest size first.
///
/// `least` is laid out together at least; `may` says whether a span may be laid out at all.
pub(crate) fn next(spans: &[Span], least: Worth, may: impl Fn(&Span) -> bool) -> Option<Neighbours> {
    let mut enough = Worth { ticks: least.ticks.max(1), ..least };
    while enough.ticks <= MAX_TICKS as u64 {
        let small =
            |span: &Span| may(span) && !(span.columns && (is_large(span) || enough.is_met(span.ticks(), span.samples)));
        let together = |a: &Span, b: &Span| small(a) && small(b) && a.last + 1 == b.first && a.boot_no == b.boot_no;
        let found = spans
            .chunk_by(together)
            .filter(|run| small(&run[0]))
            .find_map(|run| (0..run.len()).find_map(|from| worth(&run[from..], enough)));
        if found.is_some() {
            return found;
        }
        enough.ticks *= STEP;
    }
    None
}

/// Whether a span leaves little room beside it: it would be laid out anew for a few ticks more.
fn is_large(span: &Span) -> bool {
    span.ticks() > MAX_TICKS as u64 / 2 || span.samples > MAX_SAMPLES as u64 / 2
}

/// As many of a run as fit, if they are enough.
fn worth(run: &[Span], enough: Worth) -> Option<Neighbours> {
    let (mut ticks, mut samples) = (0, 0);
    let fitting = run.iter().take_while(|span| {
        (ticks, samples) = (ticks + span.ticks(), samples + span.samples);
        ticks <= MAX_TICKS as u64 && samples <= MAX_SAMPLES as u64
    });
    let fitting = &run[..fitting.count()];
    let (first, last) = (fitting.first()?, fitting.last()?);
    let (ticks, samples) = (last.last - first.first + 1, fitting.iter().map(|span| span.samples).sum());
    let full = fitting.len() < run.len() && fitting.len() > 1;
    // One that is laid out already gains nothing alone.
    let alone = fitting.len() == 1 && first.columns;
    ((enough.is_met(ticks, samples) || full) && !alone).then_some(Neighbours { first: first.first, last: last.last })
}
