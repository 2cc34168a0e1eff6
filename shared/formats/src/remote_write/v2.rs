//! What does an `io.prometheus.write.v2.Request` say?

use crate::proto::{Field, Reader};
use crate::view::Builder;
use crate::{Counted, DecodeError, Limits, MetadataView, Reason, View};

use super::v1::{kind_of, read_sample};

/// Symbols that one series may bring: the names are shared, so that few values are new.
const SYMBOLS_PER_SERIES: usize = 8;

/// Reads an unpacked body. Its symbols may stand behind the series that use them, so they are gathered first.
pub(super) fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<View<'a>, DecodeError> {
    let symbols = Symbols::gather(bytes, limits)?;
    let mut builder = Builder::new(*limits);
    let mut request = Reader::new(bytes);
    while let Some((number, field)) = request.next()? {
        if let (5, Field::Bytes(series)) = (number, field) {
            read_series(series, &symbols, &mut builder)?;
        }
    }
    Ok(builder.finish())
}

/// The table that label references point into; the first is empty.
#[derive(Debug)]
struct Symbols<'a>(Vec<&'a str>);

impl<'a> Symbols<'a> {
    fn gather(bytes: &'a [u8], limits: &Limits) -> Result<Self, DecodeError> {
        let cap = limits.series.saturating_mul(SYMBOLS_PER_SERIES);
        let mut symbols = Vec::new();
        let mut request = Reader::new(bytes);
        while let Some((number, field)) = request.next()? {
            if let (4, Field::Bytes(text)) = (number, field) {
                let at = text.place();
                if symbols.len() >= cap {
                    return Err(DecodeError::TooMany { what: Counted::Symbols, cap, at });
                }
                symbols.push(text.text()?);
            }
        }
        match symbols.first() {
            None | Some(&"") => Ok(Self(symbols)),
            Some(_) => Reader::new(bytes).fault("a first symbol that is not empty"),
        }
    }

    fn get(&self, reference: u64, from: &Reader<'_>) -> Result<&'a str, DecodeError> {
        let symbol = usize::try_from(reference).ok().and_then(|at| self.0.get(at));
        symbol.map_or_else(|| from.fault("a reference to a symbol that is not there"), |text| Ok(*text))
    }
}

fn read_series<'a>(
    mut series: Reader<'a>,
    symbols: &Symbols<'a>,
    builder: &mut Builder<'a>,
) -> Result<(), DecodeError> {
    let at = series.place();
    let (mut metadata, mut started_ms, mut name) = (None, 0, None);
    builder.begin();
    while let Some((number, field)) = series.next()? {
        match (number, field) {
            (1, Field::Bytes(mut packed)) => {
                while let Some(reference) = packed.packed_varint()? {
                    refer(symbols.get(reference, &packed)?, &mut name, builder);
                }
            }
            (1, Field::Varint(reference)) => refer(symbols.get(reference, &series)?, &mut name, builder),
            (2, Field::Bytes(sample)) => {
                let at = sample.place();
                let sample = read_sample(sample)?;
                builder.sample(sample.time_ms, sample.value, at)?;
                started_ms = if sample.started_ms != 0 { sample.started_ms } else { started_ms };
            }
            (3, Field::Bytes(_)) => builder.leave_out(Reason::NativeHistogram, 1),
            (4, Field::Bytes(_)) => builder.leave_out(Reason::Exemplar, 1),
            (5, Field::Bytes(known)) => metadata = Some(read_metadata(known, symbols)?),
            (6, Field::Varint(ms)) => started_ms = ms.cast_signed(),
            _ => {}
        }
    }
    if name.is_some() {
        return series.fault("a label name without its value");
    }
    builder.end(metadata, (started_ms != 0).then_some(started_ms), at)
}

/// References alternate between names and values.
fn refer<'a>(text: &'a str, name: &mut Option<&'a str>, builder: &mut Builder<'a>) {
    match name.take() {
        None => *name = Some(text),
        Some(name) => builder.label(name, text),
    }
}

fn read_metadata<'a>(mut reader: Reader<'a>, symbols: &Symbols<'a>) -> Result<MetadataView<'a>, DecodeError> {
    let mut known = MetadataView::default();
    while let Some((number, field)) = reader.next()? {
        match (number, field) {
            (1, Field::Varint(kind)) => known.kind = kind_of(kind),
            (3, Field::Varint(reference)) => known.help = symbols.get(reference, &reader)?,
            (4, Field::Varint(reference)) => known.unit = symbols.get(reference, &reader)?,
            _ => {}
        }
    }
    Ok(known)
}
