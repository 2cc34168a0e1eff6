//! How is a long list handed out, a page at a time?
//!
//! Rows stand in an order that does not change while somebody reads; a page ends with a cursor that says after which row to go
//! on, so that nothing is missed or shown twice while rows come and go. A cursor means nothing to who holds it, and goes on
//! with the question it was given for and no other.

use data_encoding::BASE64URL_NOPAD;
use vigie_model::UtcMs;
use vigie_query::filter::{Field, Filter, Row};

use crate::Stamp;
use crate::params::Params;
use crate::problem::Problem;

/// Rows of one answer at most: about 1.5 MB of machines, compressed a tenth of it.
pub(crate) const MOST_ROWS: usize = 1_000;

/// Characters of a cursor; ours have a third of it.
const CURSOR_CHARS: usize = 400;

/// What makes a cursor one of its question.
const MARK_BYTES: usize = 6;

/// Which rows are wanted, and from where on.
#[derive(Debug)]
pub(crate) struct Wanted {
    filter: Filter,
    limit: usize,
    after: Option<String>,
    mark: [u8; MARK_BYTES],
}

/// A page of rows.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) rows: Vec<T>,
    /// How many there are on all pages.
    pub(crate) total: usize,
    /// What to ask for as `cursor` to go on; none on the last page.
    pub(crate) next_cursor: Option<String>,
}

impl Wanted {
    /// Reads `q`, `limit` and `cursor` of a list; `others` are the parameters that make it another question.
    pub(crate) fn read(
        params: &Params,
        list: &'static str,
        fields: &[Field],
        usual: usize,
        others: &[&str],
    ) -> Result<Self, Problem> {
        let filter = Filter::read(params.get("q").unwrap_or_default(), fields);
        let filter = filter.map_err(|error| Problem::bad_parameter(format!("q can not be used: {error}")))?;
        Ok(Self { filter, ..Self::unfiltered(params, list, usual, &[others, &["q"]].concat())? })
    }

    /// As [`read`](Self::read), of a list that takes no `q`.
    pub(crate) fn unfiltered(
        params: &Params,
        list: &'static str,
        usual: usize,
        others: &[&str],
    ) -> Result<Self, Problem> {
        let limit = match params.get("limit") {
            None => usual,
            Some(text) => {
                let limit = text.parse().ok().filter(|limit| (1..=MOST_ROWS).contains(limit));
                limit.ok_or_else(|| Problem::bad_parameter(format!("limit is a number from 1 to {MOST_ROWS}")))?
            }
        };
        let mut hash = blake3::Hasher::new();
        for name in others {
            hash.update(name.as_bytes()).update(b"=").update(params.get(name).unwrap_or_default().as_bytes());
            hash.update(b"\0");
        }
        hash.update(list.as_bytes());
        let mut mark = [0; MARK_BYTES];
        mark.copy_from_slice(&hash.finalize().as_bytes()[..MARK_BYTES]);
        let after = params.get("cursor").map(|cursor| read_cursor(cursor, mark)).transpose()?;
        Ok(Self { filter: Filter::default(), limit, after, mark })
    }

    /// Whether a row is wanted.
    pub(crate) fn keeps(&self, row: &impl Row) -> bool {
        self.filter.keeps(row)
    }

    /// Whether it depends on what stands under this key.
    pub(crate) fn asks(&self, key: &str) -> bool {
        self.filter.asks(key)
    }

    /// Whether every row is wanted.
    pub(crate) fn is_plain(&self) -> bool {
        self.filter.is_empty()
    }

    /// Whether it is the first page.
    pub(crate) fn is_first(&self) -> bool {
        self.after.is_none()
    }

    /// After which key the page begins.
    pub(crate) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Rows of a page.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// What leads on after this key.
    pub(crate) fn cursor(&self, key: &str) -> String {
        BASE64URL_NOPAD.encode(&[&self.mark, key.as_bytes()].concat())
    }

    /// The page of these rows, which stand in the order of their keys; a key is nobody else's.
    pub(crate) fn page<T>(&self, rows: Vec<T>, key: impl Fn(&T) -> String) -> Page<T> {
        self.page_of(rows, key, |own, after| own <= after)
    }

    /// As [`page`](Self::page), of rows that stand in the other order.
    pub(crate) fn page_down<T>(&self, rows: Vec<T>, key: impl Fn(&T) -> String) -> Page<T> {
        self.page_of(rows, key, |own, after| own >= after)
    }

    /// A page of rows of which only those that it shows are drawn up: `draw` asks of each row, in the order of the list,
    /// whether it is wanted; `is_after` says whether one comes after the cursor.
    pub(crate) fn drawn_page<K: ?Sized, T>(
        &self,
        is_after: impl Fn(&K) -> bool,
        draw: impl FnOnce(&mut dyn FnMut(&K) -> bool) -> Vec<T>,
        key: impl Fn(&T) -> String,
    ) -> Page<T> {
        let (mut total, mut taken) = (0, 0);
        let mut rows = draw(&mut |own| {
            total += 1;
            // One more than is shown says that there are more.
            let is_next = taken <= self.limit && is_after(own);
            taken += usize::from(is_next);
            is_next
        });
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let next_cursor = rows.last().filter(|_| more).map(|last| self.cursor(&key(last)));
        Page { rows, total, next_cursor }
    }

    fn page_of<T>(
        &self,
        mut rows: Vec<T>,
        key: impl Fn(&T) -> String,
        was_told: impl Fn(&str, &str) -> bool,
    ) -> Page<T> {
        let total = rows.len();
        if let Some(after) = &self.after {
            let from = rows.partition_point(|row| was_told(&key(row), after));
            rows.drain(..from);
        }
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let next_cursor = rows.last().filter(|_| more).map(|last| self.cursor(&key(last)));
        Page { rows, total, next_cursor }
    }
}

/// How long ago something was, in seconds; what lies ahead is now.
pub(crate) fn age_seconds(at: Stamp, now: UtcMs) -> f64 {
    now.0.saturating_sub(at.ms()).max(0) as f64 / 1000.0
}

fn read_cursor(cursor: &str, mark: [u8; MARK_BYTES]) -> Result<String, Problem> {
    let wrong = || Problem::bad_parameter("cursor is not one that an earlier page of this very question gave");
    let known = Some(cursor).filter(|cursor| cursor.len() <= CURSOR_CHARS);
    let bytes = known.and_then(|cursor| BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()).ok_or_else(wrong)?;
    let key = bytes.strip_prefix(&mark).ok_or_else(wrong)?;
    String::from_utf8(key.to_vec()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(query: &str) -> Result<Wanted, Problem> {
        let uri = format!("/?{query}").parse().expect("an address");
        Wanted::read(&Params::of_uri(&uri), "letters", &[], 3, &["sort"])
    }

    #[test]
    fn pages_follow_one_another_and_none_is_missed_when_rows_go() {
        let rows = |without: &str| "abcdefgh".chars().filter(|c| !without.contains(*c)).collect::<Vec<char>>();
        let first = wanted("").expect("a question").page(rows(""), char::to_string);
        assert_eq!((first.rows, first.total), (vec!['a', 'b', 'c'], 8));
        let next = format!("cursor={}", first.next_cursor.expect("more"));
        let second = wanted(&next).expect("a question").page(rows("ac"), char::to_string);
        assert_eq!(second.rows, ['d', 'e', 'f'], "where the last row of the page before is gone, too");
        let next = format!("cursor={}", second.next_cursor.expect("more"));
        let last = wanted(&next).expect("a question").page(rows(""), char::to_string);
        assert_eq!((last.rows, last.next_cursor), (vec!['g', 'h'], None));
    }

    #[test]
    fn a_cursor_goes_on_with_its_own_question_only() {
        let cursor = wanted("q=a&sort=x").expect("a question").cursor("c");
        assert!(wanted(&format!("q=a&sort=x&cursor={cursor}")).is_ok());
        for other in ["q=b&sort=x", "q=a&sort=y", "q=a", ""] {
            assert!(wanted(&format!("{other}&cursor={cursor}")).is_err(), "{other}");
        }
        for nonsense in ["x", "%C3%A9", "AAAA", &"A".repeat(500)] {
            assert!(wanted(&format!("cursor={nonsense}")).is_err(), "{nonsense}");
        }
        assert!(wanted("limit=0").is_err() && wanted("limit=1001").is_err() && wanted("limit=1000").is_ok());
    }
}
