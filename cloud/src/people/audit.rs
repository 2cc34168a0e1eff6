//! The audit in the hub's state: a line is written in the transaction of the change it tells of.

use vigie_model::{Slug, UtcMs};
use vigie_people::{Head, Line, Link, Note, Salt};
use vigie_store::{ReadError, State, StateTx, TxError};

pub(crate) const LINES: &str = "audit.line";
pub(crate) const HEADS: &str = "audit.head";

/// Lines that are looked at together where a head was lost.
const STRIDE: usize = 1_000;

/// Who did something, and by which way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doer<'a> {
    pub(crate) who: &'a str,
    pub(crate) by: &'a str,
    pub(crate) from: &'a str,
}

/// Writes a line at the end of its chain.
pub(crate) fn append(tx: &mut StateTx<'_>, note: Note, doer: Doer<'_>, now: UtcMs) -> Result<(), TxError> {
    append_at(tx, note, doer, now, now)
}

/// As [`append`], of what happened at another time than the hub learnt of it.
pub(crate) fn append_at(
    tx: &mut StateTx<'_>,
    note: Note,
    doer: Doer<'_>,
    happened: UtcMs,
    now: UtcMs,
) -> Result<(), TxError> {
    let client = note.client.clone();
    let head = match tx.get(HEADS, name(client.as_ref()).as_bytes())?.as_deref().and_then(head_of) {
        Some(head) => head,
        // There was none, or it was damaged: the chain goes on after the last line that is there.
        None => last(tx, client.as_ref())?,
    };
    let line: Line = note.line(head.seq + 1, doer.who, doer.by, doer.from, happened, now);
    let (head, link) = head.next(&line, salt());
    tx.put(LINES, &key(client.as_ref(), head.seq), &link.encode())?;
    tx.put(HEADS, name(client.as_ref()).as_bytes(), &[head.seq.to_be_bytes().as_slice(), &head.hash].concat())
}

/// Of each line another; none when the system gives no random bytes, and then the line is kept as all were once.
fn salt() -> Option<Salt> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok().map(|()| Salt(bytes))
}

fn last(tx: &mut StateTx<'_>, client: Option<&Slug>) -> Result<Head, TxError> {
    let (prefix, mut head) = (prefix(client), Head::of(client));
    loop {
        let rows = tx.range(LINES, &prefix, &key(client, head.seq + 1), STRIDE)?;
        let found = rows.iter().rev().find_map(|(key, row)| Some((seq_of(key)?, Link::decode(row)?)));
        let Some((seq, link)) = found else { return Ok(head) };
        head = Head { seq, hash: link.hash };
    }
}

/// Lines of a chain after a number, in their order.
pub(crate) fn lines(
    state: &State,
    client: Option<&Slug>,
    after: u64,
    most: usize,
) -> Result<Vec<(u64, Link)>, ReadError> {
    let Some(from) = after.checked_add(1) else { return Ok(Vec::new()) };
    let rows = state.view(|view| view.range(LINES, &prefix(client), &key(client, from), most))?;
    Ok(rows.into_iter().filter_map(|(key, row)| Some((seq_of(&key)?, Link::decode(&row)?))).collect())
}

/// Where a chain ends.
pub(crate) fn head(state: &State, client: Option<&Slug>) -> Result<Head, ReadError> {
    let kept = state.get(HEADS, name(client).as_bytes())?;
    Ok(kept.as_deref().and_then(head_of).unwrap_or_else(|| Head::of(client)))
}

/// The chains that there are.
pub(crate) fn chains(state: &State) -> Result<Vec<Option<Slug>>, ReadError> {
    let heads = state.scan(HEADS, b"")?;
    let client = |key: &[u8]| std::str::from_utf8(key).ok().map(|name| name.parse().ok());
    Ok(heads.iter().filter_map(|(key, _)| client(key)).collect())
}

/// The chains that there are, within a transaction.
pub(super) fn chains_in(tx: &mut StateTx<'_>) -> Result<Vec<Option<Slug>>, TxError> {
    let heads = tx.range(HEADS, b"", b"", usize::MAX)?;
    let client = |key: &[u8]| std::str::from_utf8(key).ok().map(|name| name.parse().ok());
    Ok(heads.iter().filter_map(|(key, _)| client(key)).collect())
}

/// Goes through the lines of a chain within a transaction, each with the head before it; what is given back stands in its place.
pub(crate) fn rewrite(
    tx: &mut StateTx<'_>,
    client: Option<&Slug>,
    mut each: impl FnMut(&Head, &Link) -> Option<Link>,
) -> Result<(), TxError> {
    let (prefix, mut before) = (prefix(client), Head::of(client));
    loop {
        let rows = tx.range(LINES, &prefix, &key(client, before.seq + 1), STRIDE)?;
        if rows.is_empty() {
            return Ok(());
        }
        for (at, row) in rows {
            let (Some(seq), Some(link)) = (seq_of(&at), Link::decode(&row)) else { continue };
            // Where lines are missing the chain is broken already, and says so.
            before.seq = seq - 1;
            if let Some(left) = each(&before, &link) {
                tx.put(LINES, &at, &left.encode())?;
            }
            before = Head { seq, hash: link.hash };
        }
    }
}

fn head_of(row: &[u8]) -> Option<Head> {
    let (seq, hash) = row.split_first_chunk::<8>()?;
    Some(Head { seq: u64::from_be_bytes(*seq), hash: hash.try_into().ok()? })
}

/// No client is called so: a name has no star.
fn name(client: Option<&Slug>) -> &str {
    client.map_or("*", Slug::as_str)
}

/// Ends with a byte that stands in no name, so that no client's lines are within another's.
fn prefix(client: Option<&Slug>) -> Vec<u8> {
    [name(client).as_bytes(), &[0]].concat()
}

fn key(client: Option<&Slug>, seq: u64) -> Vec<u8> {
    [prefix(client).as_slice(), &seq.to_be_bytes()].concat()
}

fn seq_of(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|seq| u64::from_be_bytes(*seq))
}

/// The provider's lines, as they are written.
#[cfg(test)]
pub(crate) fn all_lines(state: &State) -> Result<Vec<Line>, ReadError> {
    let links = lines(state, None, 0, usize::MAX)?;
    Ok(links.into_iter().filter_map(|(_, link)| link.line()).collect())
}
