//! What of a question is read at a time, by one thread?

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use crate::asked::Row;
use crate::memory::Memory;

/// As many portions let two threads end at about the same time, although some are more to read than others.
const ENOUGH: usize = 8;

/// Each portion reads anew when its machine measured: so few series are not worth that.
const WORTH_A_PORTION: usize = 8;

/// The rows of each machine; where few machines have many, those of some labels of one machine. In each those of one stream
/// are beside one another.
///
/// All rows with the same labels are in one portion, so that what is read of them stays in order: a series has several rows
/// when it moved to a finer step, or its machine's store began a new life.
pub(crate) fn portions(memory: &Memory, mut rows: Vec<Row>) -> Vec<Vec<Row>> {
    rows.sort_by_cached_key(|row| (memory.stream(row.stream).id, row.series));
    let of_machine = rows.chunk_by(|a, b| memory.stream(a.stream).node == memory.stream(b.stream).node);
    let shares = ENOUGH.div_ceil(of_machine.clone().count().max(1));
    of_machine.flat_map(|rows| shared(memory, rows, shares.min(rows.len() / WORTH_A_PORTION))).collect()
}

/// Rows of one machine as so many portions, or all in one.
fn shared(memory: &Memory, rows: &[Row], shares: usize) -> Vec<Vec<Row>> {
    if shares < 2 {
        return vec![rows.to_vec()];
    }
    let mut portions = vec![Vec::with_capacity(rows.len() / shares * 2); shares];
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    for row in rows {
        let share = hasher.hash_one(memory.def_of(row.stream, row.series).map(|def| &def.labels)) % shares as u64;
        portions[share as usize].push(*row);
    }
    portions.retain(|portion| !portion.is_empty());
    portions
}
