//! Which neighbours are worth laying out by series together?
//!
//! Each time four times as many ticks stand side by side as in the size below, they become one: so a tick is laid out anew
//! four times in its life, and a day at ten seconds ends in one or two pieces.

use vigie_codec::columns::{MAX_SAMPLES, MAX_TICKS};

use super::index::Span;

/// How much more each size holds than the one below.
const STEP: u64 = 4;

/// Segments and columns that follow one another within one boot, to be laid out together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Neighbours {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// The first neighbours that are worth it, smallest size first.
///
/// `fewest` ticks are laid out together at least; `may` says whether a span may be laid out at all.
pub(crate) fn next(spans: &[Span], fewest: u64, may: impl Fn(&Span) -> bool) -> Option<Neighbours> {
    let mut enough = fewest.max(1);
    while enough <= MAX_TICKS as u64 {
        let small = |span: &Span| may(span) && if span.columns { span.ticks() < enough } else { true };
        let together = |a: &Span, b: &Span| small(a) && small(b) && a.last + 1 == b.first && a.boot_no == b.boot_no;
        let found = spans
            .chunk_by(together)
            .filter(|run| small(&run[0]))
            .find_map(|run| (0..run.len()).find_map(|from| worth(&run[from..], enough)));
        if found.is_some() {
            return found;
        }
        enough *= STEP;
    }
    None
}

/// As many of a run as fit, if they are enough.
fn worth(run: &[Span], enough: u64) -> Option<Neighbours> {
    let (mut ticks, mut samples) = (0, 0);
    let fitting = run.iter().take_while(|span| {
        (ticks, samples) = (ticks + span.ticks(), samples + span.samples);
        ticks <= MAX_TICKS as u64 && samples <= MAX_SAMPLES as u64
    });
    let fitting = &run[..fitting.count()];
    let (first, last) = (fitting.first()?, fitting.last()?);
    let ticks = last.last - first.first + 1;
    let full = fitting.len() < run.len() && fitting.len() > 1;
    // One that is laid out already gains nothing alone.
    let alone = fitting.len() == 1 && first.columns;
    ((ticks >= enough || full) && !alone).then_some(Neighbours { first: first.first, last: last.last })
}
