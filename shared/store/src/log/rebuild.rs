//! What is known of a stream whose facts were lost? What its records say.

use redb::ReadableTable;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::HeaderHash;
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_merge::RangeSet;
use vigie_model::{Seq, SeriesDef, StreamId};

use super::facts::Change;
use super::pen::{Pen, add};
use super::read;
use super::shelf::{Shelf, all_of, number};
use crate::errors::Trouble;
use crate::types::StreamFacts;

/// Counts what is known of a stream again, from its records. Those that are damaged are found when they are read.
pub(crate) fn rebuild(pen: &mut Pen<'_>, stream: StreamId, mut facts: StreamFacts) -> Result<StreamFacts, Trouble> {
    rebuild_ticks(pen, stream, &mut facts)?;
    rebuild_segments(pen, stream, &mut facts)?;
    rebuild_statements(pen, stream, &mut facts)?;
    rebuild_schema(pen, stream, &mut facts)?;
    each_row(pen, Shelf::Rollup, stream, |key, row| facts.bytes.other += (key.len() + row.len()) as u64)?;
    pen.recount_rollups(stream, &mut facts)?;
    pen.recount_foreign(stream, &mut facts)?;
    facts.reserved = Seq(facts.have.last().unwrap_or(0));
    Ok(facts)
}

fn rebuild_ticks(pen: &mut Pen<'_>, stream: StreamId, facts: &mut StreamFacts) -> Result<(), Trouble> {
    let mut damaged = Vec::new();
    each_row(pen, Shelf::Tick, stream, |key, row| {
        facts.bytes.loose += (key.len() + row.len()) as u64;
        match read::tick(key, row) {
            Ok(tick) => {
                facts.samples += tick.samples.len() as u64;
                facts.gain(tick.seq.0, tick.seq.0, false);
            }
            Err(_) => damaged.push(key.to_vec()),
        }
    })?;
    for key in damaged {
        let bytes = pen.quarantine(Shelf::Tick, &key)?;
        add(&mut facts.bytes.loose, bytes);
    }
    Ok(())
}

fn rebuild_segments(pen: &mut Pen<'_>, stream: StreamId, facts: &mut StreamFacts) -> Result<(), Trouble> {
    let laid_out = rebuild_columns(pen, stream, facts)?;
    let (mut seals, mut damaged) = (Vec::new(), Vec::new());
    facts.head = HeaderHash::NONE;
    each_row(pen, Shelf::Seal, stream, |key, row| match read::seal(key, row) {
        Ok(seal) => seals.push((key.to_vec(), row.len(), seal)),
        Err(_) => damaged.push(key.to_vec()),
    })?;
    for (key, row_bytes, seal) in seals {
        let body = pen.table(Shelf::Body)?.get(key.as_slice())?.map(|body| body.value().len());
        if body.is_none() && !laid_out.contains_range(seal.first(), seal.last()) {
            damaged.push(key);
            continue;
        }
        let header = &seal.seal.header;
        facts.bytes.sealed += (key.len() + row_bytes + body.map_or(0, |body| key.len() + body)) as u64;
        facts.samples += header.samples;
        facts.gain(header.first.0, header.last.0, true);
        if header.last >= facts.head_at {
            (facts.head, facts.head_at) = (header.hash(), header.last);
        }
    }
    for key in damaged {
        pen.quarantine(Shelf::Seal, &key)?;
        pen.quarantine(Shelf::Body, &key)?;
    }
    Ok(())
}

/// Counts what is laid out by series, and says which numbers are.
fn rebuild_columns(pen: &mut Pen<'_>, stream: StreamId, facts: &mut StreamFacts) -> Result<RangeSet, Trouble> {
    let (mut laid_out, mut damaged) = (RangeSet::new(), Vec::new());
    each_row(pen, Shelf::Columns, stream, |key, row| match (number(key), read::columns(key, row)) {
        (Some(first), Ok(columns)) => {
            facts.bytes.sealed += (key.len() + row.len()) as u64;
            laid_out.insert(first, columns.last.0);
        }
        _ => damaged.push(key.to_vec()),
    })?;
    each_row(pen, Shelf::Leaf, stream, |key, row| facts.bytes.sealed += (key.len() + row.len()) as u64)?;
    for key in damaged {
        pen.quarantine(Shelf::Columns, &key)?;
        let leaves = number(&key).map_or(Ok(0), |first| pen.remove_columns(stream, first))?;
        add(&mut facts.bytes.sealed, leaves);
    }
    Ok(laid_out)
}

fn rebuild_statements(pen: &mut Pen<'_>, stream: StreamId, facts: &mut StreamFacts) -> Result<(), Trouble> {
    let mut damaged = Vec::new();
    each_row(pen, Shelf::Statement, stream, |key, row| {
        facts.bytes.other += (key.len() + row.len()) as u64;
        match Shelf::Statement.read::<SignedStatement>(key, row) {
            Ok(said) => match said.statement {
                Statement::Gap(gap) => facts.list(gap),
                Statement::Anchor(anchor) => {
                    facts.anchors.insert(anchor.boot.no, anchor);
                }
            },
            Err(_) => damaged.push(key.to_vec()),
        }
    })?;
    for gap in facts.gap_list.clone() {
        let missing = RangeSet::of(gap.first.0, gap.last.0).without(&facts.have);
        missing.ranges().for_each(|(first, last)| facts.cover(first, last));
        facts.sealed.insert(gap.first.0, gap.last.0);
    }
    damaged.into_iter().try_for_each(|key| pen.quarantine(Shelf::Statement, &key).map(drop))
}

fn rebuild_schema(pen: &mut Pen<'_>, stream: StreamId, facts: &mut StreamFacts) -> Result<(), Trouble> {
    let (mut hash, mut len, mut whole) = (SchemaHash::EMPTY, 0, true);
    each_row(pen, Shelf::Series, stream, |key, row| {
        facts.bytes.other += (key.len() + row.len()) as u64;
        let def = Shelf::Series.read::<SeriesDef>(key, row);
        whole = whole && number(key) == Some(u64::from(len)) && def.is_ok();
        if let (true, Ok(def)) = (whole, def) {
            hash = hash.then(&def);
            len += 1;
        }
    })?;
    (facts.schema_hash, facts.schema_len) = (hash, len);
    Ok(())
}

fn each_row(
    pen: &mut Pen<'_>,
    shelf: Shelf,
    stream: StreamId,
    mut each: impl FnMut(&[u8], &[u8]),
) -> Result<(), Trouble> {
    let (low, high) = all_of(stream);
    for row in pen.table(shelf)?.range::<&[u8]>(low.as_slice()..=high.as_slice())? {
        let (key, row) = row?;
        each(key.value(), row.value());
    }
    Ok(())
}
