//! Laying sealed ticks out by series, in place of the segments that brought them.
//!
//! In three steps, so that nobody waits for the work: what is to be laid out is gathered while the log can be read by
//! others; it is laid out without the log; and it takes its place in one commit, if nothing has changed meanwhile. The
//! signatures stay, and the segments can be made again from the columns: that is tried before the bodies go.

use redb::ReadableTable;
use vigie_codec::columns::{Columns, Head};
use vigie_codec::segment::Segment;
use vigie_merge::RangeSet;
use vigie_model::{StreamId, Tick};

use super::columns::{Laid, Whole};
use super::index::{Span, SpanChange};
use super::load::Shelves;
use super::loss::Loss;
use super::pen::{Pen, add};
use super::shelf::{ColumnsRow, SealRow, Shelf, at, leaf_at, number};
use super::tiers::{self, Neighbours, Worth};
use super::{LayOut, Log, read};
use crate::errors::{CommitError, ReadError, Trouble};

/// Samples gathered at once: what lies in memory meanwhile, 32 MiB, and a few tenths of a second of work.
const SAMPLES_AT_ONCE: u64 = 2 << 20;

/// Sealed ticks that follow one another, as they are kept now.
#[derive(Debug)]
pub struct Gathered {
    stream: StreamId,
    samples: u64,
    pieces: Vec<Piece>,
}

/// One span as it is kept now.
#[derive(Debug)]
pub(crate) enum Piece {
    Segment(Segment),
    Columns(u64, Whole),
}

/// Ticks laid out by series, ready to take the place of what they were gathered from.
#[derive(Debug)]
pub struct LaidOut {
    stream: StreamId,
    first: u64,
    row: ColumnsRow,
    leaves: Vec<Vec<u8>>,
    /// The segments whose bodies it replaces, by their first number and their content.
    bodies: Vec<(u64, [u8; 32])>,
    /// The columns it replaces, by their first number.
    replaced: Vec<u64>,
}

impl Log {
    /// Ticks worth laying out by series, of so many streams at most.
    ///
    /// A relay lays out only what the hub has signed for: the rest may still be asked for as it is.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn gather(&self, most: usize) -> Result<Vec<Gathered>, ReadError> {
        let (mut gathered, mut samples) = (Vec::new(), 0);
        for stream in self.restless() {
            let Some(facts) = self.streams.get(&stream) else { continue };
            let spans = self.spans(stream)?;
            let allowed = if self.options.lay_out == LayOut::All { &facts.present } else { facts.held() };
            let may = |span: &Span| {
                (span.columns || allowed.contains_range(span.first, span.last))
                    && facts.present.contains_range(span.first, span.last)
                    && !self.agenda().is_left(stream, span)
            };
            let least = Worth { ticks: self.options.lay_out_ticks, series: facts.schema_len.into() };
            let found = match tiers::next(&spans, least, may) {
                Some(neighbours) => self.reading(|shelves| self.gather_from(shelves, stream, &spans, neighbours))?,
                None => None,
            };
            let Some(found) = found else {
                // Nothing to do, or damaged: what was noted is settled with the next commit.
                self.rest(stream);
                continue;
            };
            samples += found.samples;
            gathered.push(found);
            if gathered.len() >= most || samples >= SAMPLES_AT_ONCE {
                break;
            }
        }
        Ok(gathered)
    }

    fn gather_from(
        &self,
        shelves: &Shelves,
        stream: StreamId,
        spans: &[Span],
        wanted: Neighbours,
    ) -> Result<Option<Gathered>, Trouble> {
        let from = spans.partition_point(|span| span.first < wanted.first);
        let mut pieces = Vec::new();
        for span in spans[from..].iter().take_while(|span| span.last <= wanted.last) {
            let Some(piece) = self.piece(shelves, stream, span)? else { return Ok(None) };
            pieces.push(piece);
        }
        let samples = spans[from..].iter().take_while(|span| span.last <= wanted.last).map(|span| span.samples).sum();
        Ok(Some(Gathered { stream, pieces, samples }))
    }

    /// What a span holds; nothing where it is damaged, which is noted.
    pub(crate) fn piece(&self, shelves: &Shelves, stream: StreamId, span: &Span) -> Result<Option<Piece>, Trouble> {
        let piece = if span.columns {
            columns(shelves, stream, span.first)?
        } else {
            self.bare_segment(shelves, stream, span.first)?
        };
        if piece.is_none() {
            let shelf = if span.columns { Shelf::Columns } else { Shelf::Body };
            self.note(Loss::row(stream, shelf, at(stream, span.first).to_vec()));
        }
        Ok(piece)
    }

    fn bare_segment(&self, shelves: &Shelves, stream: StreamId, first: u64) -> Result<Option<Piece>, Trouble> {
        let key = at(stream, first);
        let Some(row) = shelves.seals.get(key.as_slice())? else { return Ok(None) };
        let Ok(row) = read::seal(&key, row.value()) else { return Ok(None) };
        Ok(self.segment(shelves, stream, row)?.map(Piece::Segment))
    }

    /// Puts what was laid out in the place of what it was gathered from, in one commit; says of how many that was still
    /// there.
    ///
    /// # Errors
    /// As [`Log::commit`]; nothing changed.
    pub fn put_in_place(&mut self, laid: &[LaidOut]) -> Result<usize, CommitError> {
        self.transact(|pen| laid.iter().try_fold(0, |placed, one| Ok(placed + usize::from(pen.lay(one)?))))
    }
}

fn columns(shelves: &Shelves, stream: StreamId, first: u64) -> Result<Option<Piece>, Trouble> {
    Ok(match shelves.columns(stream, first)? {
        Some(Laid::Sound(whole)) => Some(Piece::Columns(first, whole)),
        Some(Laid::Damaged) | None => None,
    })
}

impl Gathered {
    /// Lays the ticks out by series. Takes a tenth of a second for a machine's day; needs no log.
    ///
    /// # Errors
    /// With the number of a segment that can not be made again from its ticks, and so must stay as it is.
    pub fn lay_out(self) -> Result<LaidOut, Unfit> {
        let stream = self.stream;
        let (mut ticks, mut bodies, mut replaced) = (Vec::<Tick>::new(), Vec::new(), Vec::new());
        for piece in self.pieces {
            match piece {
                Piece::Segment(segment) => {
                    let first = segment.header().first.0;
                    let unfit = Unfit { stream, first };
                    let own = segment.ticks().map_err(|_| unfit)?;
                    let content = segment.header().content;
                    segment.seal.over(&own).map_err(|_| unfit)?;
                    bodies.push((first, content));
                    ticks.extend(own);
                }
                Piece::Columns(first, whole) => {
                    ticks.extend(whole.head.ticks(&whole.leaves).map_err(|_| Unfit { stream, first })?);
                    replaced.push(first);
                }
            }
        }
        let first = ticks.first().map_or(0, |tick| tick.seq.0);
        lay_out(&ticks)
            .map(|(row, leaves)| LaidOut { stream, first, row, leaves, bodies, replaced })
            .ok_or(Unfit { stream, first })
    }
}

/// Something that must stay as it is; see [`Log::leave`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the segment of {stream} that begins with {first} can not be made again from its ticks")]
pub struct Unfit {
    stream: StreamId,
    first: u64,
}

impl Log {
    /// Remembers that something can not be laid out, so that it is not tried again.
    pub fn leave(&self, unfit: Unfit) {
        self.agenda().leave(unfit.stream, unfit.first);
    }
}

fn lay_out(ticks: &[Tick]) -> Option<(ColumnsRow, Vec<Vec<u8>>)> {
    let Columns { head, leaves } = Columns::encode(ticks).ok()?;
    let read = Head::read(&head).ok()?;
    // What can not be read back as it was is not worth having.
    if read.ticks(&leaves).ok()? != ticks {
        return None;
    }
    let times = || ticks.iter().map(|tick| tick.at.utc);
    let row = ColumnsRow {
        last: read.last(),
        begins: ticks.first()?.at,
        ends: ticks.last()?.at,
        utc: (times().min()?, times().max()?),
        samples: read.samples() as u64,
        leaves: leaves.len() as u32,
        head,
    };
    Some((row, leaves))
}

impl Pen<'_> {
    fn lay(&mut self, laid: &LaidOut) -> Result<bool, Trouble> {
        let (stream, first, last) = (laid.stream, laid.first, laid.row.last.0);
        let Some(mut facts) = self.take(stream) else { return Ok(false) };
        if !facts.present.contains_range(first, last) || !self.is_as_it_was(laid)? {
            self.give(stream, facts);
            return Ok(false);
        }
        let mut bytes = 0;
        for (segment, _) in &laid.bodies {
            bytes += self.remove(Shelf::Body, &at(stream, *segment))?;
        }
        for columns in &laid.replaced {
            bytes += self.remove_columns(stream, *columns)?;
        }
        let key = at(stream, first);
        bytes += self.put(Shelf::Columns, &key, &Shelf::Columns.write(&key, &laid.row))?;
        for (leaf, values) in (0u32..).zip(&laid.leaves) {
            let key = leaf_at(stream, first, leaf);
            bytes += self.put(Shelf::Leaf, &key, &Shelf::Leaf.wrap(&key, values))?;
        }
        add(&mut facts.bytes.sealed, bytes);
        self.spans.push((stream, SpanChange::Joined(Span::of_columns(first, &laid.row))));
        self.give(stream, facts);
        Ok(true)
    }

    /// Whether the segments and columns that were gathered are still there, and nothing else between them.
    fn is_as_it_was(&mut self, laid: &LaidOut) -> Result<bool, Trouble> {
        let (stream, first, last) = (laid.stream, laid.first, laid.row.last.0);
        let mut covered = RangeSet::new();
        for columns in &laid.replaced {
            let key = at(stream, *columns);
            let Some(row) = self.get(Shelf::Columns, &key)? else { return Ok(false) };
            let Ok(row) = read::columns(&key, &row) else { return Ok(false) };
            covered.insert(*columns, row.last.0);
        }
        for (segment, content) in &laid.bodies {
            let key = at(stream, *segment);
            let Some(row) = self.get(Shelf::Seal, &key)? else { return Ok(false) };
            let Ok(row) = read::seal(&key, &row) else { return Ok(false) };
            let body = self.table(Shelf::Body)?.get(key.as_slice())?.is_some();
            if row.seal.header.content != *content || !body {
                return Ok(false);
            }
            covered.insert(row.first(), row.last());
        }
        Ok(covered == RangeSet::of(first, last))
    }

    /// Removes columns and their leaves; says how many bytes more there are (a number below zero).
    pub(crate) fn remove_columns(&mut self, stream: StreamId, first: u64) -> Result<i64, Trouble> {
        let head = self.remove(Shelf::Columns, &at(stream, first))?;
        let (low, high) = (leaf_at(stream, first, 0), leaf_at(stream, first, u32::MAX));
        Ok(head + self.remove_range(Shelf::Leaf, &low, &high, |_, _| {})?)
    }

    /// The columns that hold the ticks of a segment without a body: their first number and their record.
    pub(crate) fn columns_of(
        &mut self,
        stream: StreamId,
        seal: &SealRow,
    ) -> Result<Option<(u64, ColumnsRow)>, Trouble> {
        let found = read::columns_before(self.table(Shelf::Columns)?, stream, seal.first())?;
        let Some((key, Ok(row))) = found else { return Ok(None) };
        let first = number(&key).filter(|_| row.last.0 >= seal.last());
        Ok(first.map(|first| (first, row)))
    }
}
