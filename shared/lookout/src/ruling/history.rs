//! Who changed which rule, where and when? Rows that only grow, one for each rule and node that writes, and as many again as
//! it needs: two nodes never write one, so that none is ever more than a row may hold.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use vigie_alerts::{EditError, Said, cut_to};
use vigie_merge::{Grow, Key, KeyError, Kind, Row, Scope, limit};
use vigie_model::NodeId;

use crate::rows::RowEdit;

/// Version of a change's shape.
const VERSION: u8 = 1;

/// The family of rows.
const FAMILY: &str = "rules/";

/// Rows of one rule by one node: some 500 changes. Whoever changes it oftener is a program, and the latest are not written.
const MAX_ROWS: usize = 8;

/// Bytes of a name: a member of a row is short.
const NAME_BYTES: usize = 48;

/// Bytes of what was done.
const WHAT_BYTES: usize = 120;

/// All changes whose rows are here.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    rows: BTreeMap<Key, BTreeSet<Vec<u8>>>,
}

/// One change of one rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Changed {
    /// The rule's name.
    pub(crate) rule: String,
    /// What was done, in few words.
    pub(crate) what: String,
}

impl History {
    /// Takes in a row as it now stands; says whether it is one of ours.
    pub(crate) fn take(&mut self, key: &Key, row: &Row) -> bool {
        if key.kind() != Kind::Audit || !key.name().starts_with(FAMILY) {
            return false;
        }
        if let Row::Grow(grow) = row {
            self.rows.insert(key.clone(), grow.members());
        }
        true
    }

    /// The changes of all rules of a name, the latest first, each with the place that it was for.
    pub(crate) fn of(&self, rule: &str) -> Vec<(Scope, Said<Changed>)> {
        let all = self.rows.iter().flat_map(|(key, members)| members.iter().map(|member| (key.scope(), member)));
        let read = all.filter_map(|(scope, member)| Some((scope, read(member)?)));
        let mut found: Vec<_> = read.filter(|(_, said)| rule.is_empty() || said.what.rule == rule).collect();
        found.sort_by(|(_, a), (_, b)| b.cmp(a));
        found
    }

    /// What notes a change of the rule of a row, by this node; nothing where the rule was changed too often already.
    pub(crate) fn note(&self, of: &Key, by: NodeId, said: &Said<Changed>) -> Result<Option<RowEdit>, KeyError> {
        let id = of.name().rsplit('/').next().unwrap_or_default();
        for number in 0..MAX_ROWS {
            let key = Key::new(&of.scope(), &Kind::Audit, &format!("{FAMILY}{id}/{by}/{number}"))?;
            if self.rows.get(&key).is_none_or(|members| members.len() < limit::MEMBERS) {
                let member = write(said);
                return Ok(Some(RowEdit::new(key, move |row, _| {
                    let mut grow = match row {
                        None => Grow::new(),
                        Some(Row::Grow(grow)) => grow,
                        Some(_) => return Err(EditError::OtherType),
                    };
                    grow.add(member);
                    Ok(Row::Grow(grow))
                })));
            }
        }
        Ok(None)
    }
}

fn write(said: &Said<Changed>) -> Vec<u8> {
    let Said { happened, by, at, what } = said;
    let what = Changed { rule: cut_to(&what.rule, NAME_BYTES), what: cut_to(&what.what, WHAT_BYTES) };
    let short = Said { happened: *happened, by: cut_to(by, NAME_BYTES / 2), at: cut_to(at, NAME_BYTES / 2), what };
    // It is made of texts and numbers, which can be written.
    [vec![VERSION], postcard::to_stdvec(&short).unwrap_or_default()].concat()
}

fn read(member: &[u8]) -> Option<Said<Changed>> {
    postcard::from_bytes(member.strip_prefix(&[VERSION])?).ok()
}

#[cfg(test)]
mod tests {
    use vigie_model::UtcMs;

    use super::*;

    #[test]
    fn the_longest_change_fits_into_a_row() {
        let long = "é".repeat(300);
        let what = Changed { rule: long.clone(), what: long.clone() };
        let said = Said::new(what, &long, &long, UtcMs(i64::MAX));
        let member = write(&said);
        assert!(member.len() <= limit::MEMBER_BYTES, "{}", member.len());
        assert_eq!(read(&member).expect("it can be read").happened, UtcMs(i64::MAX));
    }
}
