//! A piece as bytes: some series to a sheet, the hour apart from its minutes.
//!
//! A sheet begins with what all its series share and where each of them is, so that one series of many is found without
//! reading the others. Within a series the cells' counts stand together, then their last values, and so on; what the
//! neighbours foretell costs next to nothing. Version 1, frozen: `tests/golden.rs`.

mod blob;
mod head;

use vigie_merge::RangeSet;
use vigie_model::{SeriesIx, UtcMs};

use crate::cell::Cell;
use crate::grid::Slot;
use crate::piece::{self, Piece, Rows};
use crate::sketch::Sketch;
use crate::window::{Hour, Window};

/// Bytes of a sheet after which the next one is begun. Just under a power of two with room for key and checksum, because
/// redb keeps values in pages of powers of two.
pub const SHEET_BYTES: usize = 16_000;

/// Cells and the beginnings of their windows, in order.
type Cells = Vec<(UtcMs, Cell)>;

/// Bytes that are no sheet, or sheets that do not belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// A later version of Vigie wrote it.
    #[error("the sheet has version {0}, which this program does not know")]
    Version(u8),
    /// It ends too early, or says what can not be.
    #[error("the bytes are no sheet of a rollup")]
    NoSheet,
    /// The sheets are not of one piece.
    #[error("the sheets are not of one piece")]
    Mixed,
}

/// One sheet, read as far as its head.
#[derive(Debug, Clone)]
pub struct Sheet<'a> {
    window: Window,
    hour: Hour,
    from: SeriesIx,
    until: Option<SeriesIx>,
    covered: RangeSet,
    slots: Vec<Slot>,
    /// By series; where its bytes end.
    places: Vec<(SeriesIx, usize)>,
    blobs: &'a [u8],
}

impl Piece {
    /// The sheets of the hour or of its minutes, each with the first series it may hold; none of minutes that were
    /// dropped.
    pub fn sheets(&self, window: Window) -> Vec<(SeriesIx, Vec<u8>)> {
        let slots = match (window, &self.minutes) {
            (Window::Hour, _) => &self.whole,
            (Window::Minute, Some(minutes)) => minutes,
            (Window::Minute, None) => return Vec::new(),
        };
        let (mut sheets, mut from, mut places, mut blobs) = (Vec::new(), SeriesIx(0), Vec::new(), Vec::new());
        let close = |from, until, places: &mut Vec<_>, blobs: &mut Vec<u8>| {
            let mut bytes = head::write(window, self.hour, &self.covered, slots, (from, until), places);
            bytes.append(blobs);
            places.clear();
            (from, bytes)
        };
        for (ix, rows) in &self.series {
            let parts = if window == Window::Hour { &rows.whole } else { &rows.minutes };
            let sketch = (window == Window::Hour).then_some(&rows.sketch);
            let blob = blob::write(rows.shape, slots, parts, sketch);
            if !blobs.is_empty() && blobs.len() + blob.len() > SHEET_BYTES {
                sheets.push(close(from, Some(*ix), &mut places, &mut blobs));
                from = *ix;
            }
            blobs.extend(blob);
            places.push((*ix, blobs.len()));
        }
        sheets.push(close(from, None, &mut places, &mut blobs));
        sheets
    }

    /// A piece of all its sheets, those of a window in order; without minutes where none of them are of minutes.
    ///
    /// # Errors
    /// When they are no sheets, or not all of one piece.
    pub fn of_sheets<'a>(sheets: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, SheetError> {
        let mut piece: Option<Self> = None;
        // For each window the series with which the next sheet begins.
        let mut next = [Some(SeriesIx(0)); 2];
        for bytes in sheets {
            let sheet = Sheet::read(bytes)?;
            let next = &mut next[usize::from(sheet.window == Window::Minute)];
            if *next != Some(sheet.from) {
                return Err(SheetError::Mixed);
            }
            *next = sheet.until;
            let piece = piece.get_or_insert_with(|| Self {
                hour: sheet.hour,
                covered: sheet.covered.clone(),
                whole: Vec::new(),
                minutes: None,
                series: std::collections::BTreeMap::new(),
            });
            piece.take(&sheet)?;
        }
        let minutes = piece.as_ref().is_some_and(Self::has_minutes);
        let all = next[0].is_none() && (next[1].is_none() || !minutes);
        piece.filter(|_| all).ok_or(SheetError::Mixed)
    }

    fn take(&mut self, sheet: &Sheet<'_>) -> Result<(), SheetError> {
        let slots = match sheet.window {
            Window::Hour => &mut self.whole,
            Window::Minute => self.minutes.get_or_insert_default(),
        };
        if slots.is_empty() {
            slots.clone_from(&sheet.slots);
        }
        if *slots != sheet.slots || self.hour != sheet.hour || self.covered != sheet.covered {
            return Err(SheetError::Mixed);
        }
        for (ix, blob) in sheet.each() {
            let blob::Read { shape, parts, sketch } = blob::read(blob, sheet)?;
            let rows = self.series.entry(ix).or_insert_with(|| Rows::none(shape));
            let place = match sheet.window {
                Window::Hour => &mut rows.whole,
                Window::Minute => &mut rows.minutes,
            };
            if rows.shape != shape || !place.is_empty() {
                return Err(SheetError::Mixed);
            }
            *place = parts;
            rows.sketch = sketch.unwrap_or(std::mem::take(&mut rows.sketch));
        }
        Ok(())
    }
}

impl<'a> Sheet<'a> {
    /// Reads the head of a sheet.
    ///
    /// # Errors
    /// When the bytes are no sheet.
    pub fn read(bytes: &'a [u8]) -> Result<Self, SheetError> {
        head::read(bytes)
    }

    /// Whether it is of the hour or of its minutes.
    pub fn window(&self) -> Window {
        self.window
    }

    /// The hour it is of.
    pub fn hour(&self) -> Hour {
        self.hour
    }

    /// The numbers of the ticks that the piece holds.
    pub fn covered(&self) -> &RangeSet {
        &self.covered
    }

    /// So many cells, at most, it is read into: known from its head, before any memory is taken for them.
    pub fn most_cells(&self) -> usize {
        self.slots.len().saturating_mul(self.places.len())
    }

    /// The series it may hold: from the first, and up to but not including the second.
    pub fn range(&self) -> (SeriesIx, Option<SeriesIx>) {
        (self.from, self.until)
    }

    /// Whether a series, if the piece has it, is in this sheet.
    pub fn may_hold(&self, series: SeriesIx) -> bool {
        self.from <= series && self.until.is_none_or(|until| series < until)
    }

    /// The cells of a series, with the beginnings of their windows, in order; and how the hour is spread, if that is kept.
    ///
    /// # Errors
    /// When what stands there is no series.
    pub fn series(&self, wanted: SeriesIx) -> Result<(Cells, Option<Sketch>), SheetError> {
        let Some((_, blob)) = self.each().find(|(ix, _)| *ix == wanted) else { return Ok((Vec::new(), None)) };
        let blob::Read { shape, parts, sketch } = blob::read(blob, self)?;
        Ok((piece::cells(self.hour, &self.slots, shape, &parts), sketch))
    }

    fn each(&self) -> impl Iterator<Item = (SeriesIx, &'a [u8])> + '_ {
        let begins = [0].into_iter().chain(self.places.iter().map(|(_, end)| *end));
        // Whether they are within the bytes was seen when the head was read.
        self.places.iter().zip(begins).filter_map(|((ix, end), begin)| Some((*ix, self.blobs.get(begin..*end)?)))
    }
}
