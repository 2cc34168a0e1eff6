//! How do OpenTelemetry requests come as protocol buffers?

use std::borrow::Cow;

use super::any_value::AnyValue;
use super::tree::*;
use crate::proto::{Field, Reader};
use crate::{Counted, DecodeError, Limits};

/// Lists and maps within each other in one attribute. No convention nests more than two.
const MAX_DEPTH: usize = 16;

/// Reads a body that is within the limits.
pub(super) fn read<'a>(body: &'a [u8], parts_cap: usize, limits: &Limits) -> Result<Request<'a>, DecodeError> {
    if body.len() > limits.body_bytes {
        return Err(DecodeError::BodyTooLarge { found: body.len() as u64, cap: limits.body_bytes });
    }
    let mut walk = Walk { parts: 0, cap: parts_cap };
    let mut request = Request::default();
    let mut reader = Reader::new(body);
    while let Some((number, field)) = reader.next()? {
        if let (1, Field::Bytes(part)) = (number, field) {
            request.resource_metrics.push(walk.resource_metrics(part)?);
        }
    }
    Ok(request)
}

impl Temporality {
    pub(super) fn of(number: u64) -> Self {
        match number {
            1 => Self::Delta,
            2 => Self::Cumulative,
            _ => Self::Unspecified,
        }
    }
}

type Read<T> = Result<T, DecodeError>;

/// Counts the parts it makes, whatever they are part of.
struct Walk {
    parts: usize,
    cap: usize,
}

impl Walk {
    /// One more part, before it is made.
    fn part(&mut self, reader: &Reader<'_>) -> Read<()> {
        if self.parts >= self.cap {
            return Err(DecodeError::TooMany { what: Counted::Parts, cap: self.cap, at: reader.place() });
        }
        self.parts += 1;
        Ok(())
    }

    fn resource_metrics<'a>(&mut self, mut reader: Reader<'a>) -> Read<ResourceMetrics<'a>> {
        self.part(&reader)?;
        let mut found = ResourceMetrics::default();
        while let Some((number, field)) = reader.next()? {
            match (number, field) {
                (1, Field::Bytes(part)) => self.resource(part, &mut found.resource)?,
                (2, Field::Bytes(part)) => found.scope_metrics.push(self.scope_metrics(part)?),
                _ => {}
            }
        }
        Ok(found)
    }

    fn resource<'a>(&mut self, mut reader: Reader<'a>, found: &mut Resource<'a>) -> Read<()> {
        while let Some((number, field)) = reader.next()? {
            if let (1, Field::Bytes(part)) = (number, field) {
                found.attributes.push(self.attribute(part, 0)?);
            }
        }
        Ok(())
    }

    fn scope_metrics<'a>(&mut self, mut reader: Reader<'a>) -> Read<ScopeMetrics<'a>> {
        self.part(&reader)?;
        let mut found = ScopeMetrics::default();
        while let Some((number, field)) = reader.next()? {
            if let (2, Field::Bytes(part)) = (number, field) {
                found.metrics.push(self.metric(part)?);
            }
        }
        Ok(found)
    }

    fn metric<'a>(&mut self, mut reader: Reader<'a>) -> Read<Metric<'a>> {
        self.part(&reader)?;
        let mut found = Metric::default();
        while let Some((number, field)) = reader.next()? {
            match (number, field) {
                (1, Field::Bytes(text)) => found.name = Cow::Borrowed(text.text()?),
                (2, Field::Bytes(text)) => found.description = Cow::Borrowed(text.text()?),
                (3, Field::Bytes(text)) => found.unit = Cow::Borrowed(text.text()?),
                (5, Field::Bytes(part)) => found.gauge = Some(Box::new(self.numbers(part)?)),
                (7, Field::Bytes(part)) => found.sum = Some(Box::new(self.numbers(part)?)),
                (9, Field::Bytes(part)) => found.histogram = Some(Box::new(self.histograms(part)?)),
                (10, Field::Bytes(part)) => found.exponential_histogram = Some(Box::new(skipped(part)?)),
                (11, Field::Bytes(part)) => found.summary = Some(Box::new(self.summaries(part)?)),
                _ => {}
            }
        }
        Ok(found)
    }

    fn numbers<'a>(&mut self, mut reader: Reader<'a>) -> Read<Numbers<'a>> {
        let mut found = Numbers::default();
        while let Some((number, field)) = reader.next()? {
            match (number, field) {
                (1, Field::Bytes(part)) => found.data_points.push(self.number_point(part)?),
                (2, Field::Varint(number)) => found.aggregation_temporality = Temporality::of(number),
                (3, Field::Varint(truth)) => found.is_monotonic = truth != 0,
                _ => {}
            }
        }
        Ok(found)
    }

    fn number_point<'a>(&mut self, mut reader: Reader<'a>) -> Read<NumberPoint<'a>> {
        self.part(&reader)?;
        let mut found = NumberPoint::default();
        while let Some((number, field)) = reader.next()? {
            match (number, field) {
                (2, Field::Fixed64(nanos)) => found.start_time_unix_nano = nanos,
                (3, Field::Fixed64(nanos)) => found.time_unix_nano = nanos,
                (4, Field::Fixed64(bits)) => (found.as_double, found.as_int) = (Some(f64::from_bits(bits)), None),
                (5, Field::Bytes(_)) => found.exemplars += 1,
                (6, Field::Fixed64(bits)) => (found.as_double, found.as_int) = (None, Some(bits.cast_signed())),
                (7, Field::Bytes(part)) => found.attributes.push(self.attribute(part, 0)?),
                (8, Field::Varint(flags)) => found.flags = flags,
                _ => {}
            }
        }
        Ok(found)
    }

    fn histograms<'a>(&mut self, mut reader: Reader<'a>) -> Read<Histograms<'a>> {
        let mut found = Histograms::default();
        while let Some((number, field)) = reader.next()? {
            match (number, field) {
                (1, Field::Bytes(part)) => found.data_points.push(self.histogram_point(part)?),
                (2, Field::Varint(number)) => found.aggregation_temporality = Temporality::of(number),
                _ => {}
            }
        }
        Ok(found)
    }

    fn histogram_point<'a>(&mut self, mut reader: Reader<'a>) -> Read<HistogramPoint<'a>> {
        self.part(&reader)?;
        let mut found = HistogramPoint::default();
        while let Some((number, field)) = reader.next()? {
            match (number, field) {
                (2, Field::Fixed64(nanos)) => found.start_time_unix_nano = nanos,
                (3, Field::Fixed64(nanos)) => found.time_unix_nano = nanos,
                (4, Field::Fixed64(count)) => found.count = count,
                (5, Field::Fixed64(bits)) => found.sum = Some(f64::from_bits(bits)),
                (6, field) => eights(field, |count| found.bucket_counts.push(count))?,
                (7, field) => eights(field, |bits| found.explicit_bounds.push(f64::from_bits(bits)))?,
                (8, Field::Bytes(_)) => found.exemplars += 1,
                (9, Field::Bytes(part)) => found.attributes.push(self.attribute(part, 0)?),
                (10, Field::Varint(flags)) => found.flags = flags,
                _ => {}
            }
        }
        Ok(found)
    }

    fn summaries<'a>(&mut self, mut reader: Reader<'a>) -> Read<Summaries<'a>> {
        let mut found = Summaries::default();
        while let Some((number, field)) = reader.next()? {
            if let (1, Field::Bytes(part)) = (number, field) {
                found.data_points.push(self.summary_point(part)?);
            }
        }
        Ok(found)
    }

    fn summary_point<'a>(&mut self, mut reader: Reader<'a>) -> Read<SummaryPoint<'a>> {
        self.part(&reader)?;
        let mut found = SummaryPoint::default();
        while let Some((number, field)) = reader.next()? {
            match (number, field) {
                (2, Field::Fixed64(nanos)) => found.start_time_unix_nano = nanos,
                (3, Field::Fixed64(nanos)) => found.time_unix_nano = nanos,
                (4, Field::Fixed64(count)) => found.count = count,
                (5, Field::Fixed64(bits)) => found.sum = f64::from_bits(bits),
                (6, Field::Bytes(part)) => {
                    self.part(&part)?;
                    found.quantile_values.push(quantile(part)?);
                }
                (7, Field::Bytes(part)) => found.attributes.push(self.attribute(part, 0)?),
                (8, Field::Varint(flags)) => found.flags = flags,
                _ => {}
            }
        }
        Ok(found)
    }

    fn attribute<'a>(&mut self, mut reader: Reader<'a>, depth: usize) -> Read<Attribute<'a>> {
        self.part(&reader)?;
        let mut found = Attribute::default();
        while let Some((number, field)) = reader.next()? {
            match (number, field) {
                (1, Field::Bytes(text)) => found.key = Cow::Borrowed(text.text()?),
                (2, Field::Bytes(part)) => found.value = self.value(part, depth)?,
                _ => {}
            }
        }
        Ok(found)
    }

    fn value<'a>(&mut self, mut reader: Reader<'a>, depth: usize) -> Read<AnyValue<'a>> {
        if depth >= MAX_DEPTH {
            return reader.fault("an attribute with too many lists within each other");
        }
        let mut found = AnyValue::Empty;
        while let Some((number, field)) = reader.next()? {
            found = match (number, field) {
                (1, Field::Bytes(text)) => AnyValue::Text(Cow::Borrowed(text.text()?)),
                (2, Field::Varint(truth)) => AnyValue::Truth(truth != 0),
                (3, Field::Varint(number)) => AnyValue::Int(number.cast_signed()),
                (4, Field::Fixed64(bits)) => AnyValue::Double(f64::from_bits(bits)),
                (5, Field::Bytes(mut list)) => {
                    let mut values = Vec::new();
                    while let Some((number, field)) = list.next()? {
                        if let (1, Field::Bytes(part)) = (number, field) {
                            self.part(&part)?;
                            values.push(self.value(part, depth + 1)?);
                        }
                    }
                    AnyValue::List(values)
                }
                (6, Field::Bytes(mut map)) => {
                    let mut entries = Vec::new();
                    while let Some((number, field)) = map.next()? {
                        if let (1, Field::Bytes(part)) = (number, field) {
                            entries.push(self.attribute(part, depth + 1)?);
                        }
                    }
                    AnyValue::Map(entries)
                }
                (7, Field::Bytes(bytes)) => AnyValue::of_bytes(bytes.rest()),
                _ => continue,
            };
        }
        Ok(found)
    }
}

/// A repeated field of eight bytes each, packed or one by one. They take no more room than the body they came in.
fn eights(field: Field<'_>, mut each: impl FnMut(u64)) -> Read<()> {
    match field {
        Field::Bytes(mut packed) => {
            while let Some(bits) = packed.packed_fixed64()? {
                each(bits);
            }
        }
        Field::Fixed64(bits) => each(bits),
        Field::Varint(_) | Field::Fixed32 => {}
    }
    Ok(())
}

fn quantile(mut reader: Reader<'_>) -> Read<Quantile> {
    let mut found = Quantile::default();
    while let Some((number, field)) = reader.next()? {
        match (number, field) {
            (1, Field::Fixed64(bits)) => found.quantile = f64::from_bits(bits),
            (2, Field::Fixed64(bits)) => found.value = f64::from_bits(bits),
            _ => {}
        }
    }
    Ok(found)
}

fn skipped(mut reader: Reader<'_>) -> Read<Skipped> {
    let mut found = Skipped::default();
    while let Some((number, field)) = reader.next()? {
        if let (1, Field::Bytes(_)) = (number, field) {
            found.data_points += 1;
        }
    }
    Ok(found)
}
