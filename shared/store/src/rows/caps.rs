//! How many rows may a machine or a site have?
//!
//! An agent and a relay name their rows themselves: without an end to it, one that was broken into fills the stores of all
//! above it, and each comparison walks over what it left there.

use std::collections::BTreeMap;

use vigie_merge::{Key, Scope};
use vigie_model::Role;
use vigie_sync::rows::{RowPeer, guard};

use super::shelf::{Look, tables};
use super::{Owner, record};
use crate::state::TxError;

/// Rows of one machine that its agent may bring. An agent of today writes four; sixteen times as many leaves room for later
/// ones.
pub const MACHINE_ROWS: usize = 64;

/// Rows of one site that its relays may bring. A site of 500 machines has some 4,000 of machines, and alerts at ten a day, each
/// with what people said of it, are 100,000 after some ten years.
pub const SITE_ROWS: u64 = 100_000;

/// How many rows there are of each site, as far as it was counted.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<Scope, u64>);

impl Counts {
    /// A commit brought so many; `counted` is what was found before it.
    pub(super) fn add(&mut self, counted: Option<(Scope, u64)>, fresh: &BTreeMap<Scope, u64>) {
        self.0.extend(counted);
        for (scope, more) in fresh {
            if let Some(count) = self.0.get_mut(scope) {
                *count += more;
            }
        }
    }

    /// Rows went: they are counted anew when somebody brings more.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

/// Counts for one transaction, as far as its peer is to be counted at all.
pub(super) enum Counting {
    /// The hub, or a site that gives a hub back what it lost.
    Nobody,
    /// An agent: how the keys begin of which it may have so many.
    Machine(Vec<String>),
    /// A relay: its site, and how many rows that had before.
    Site(Scope, Option<u64>),
}

impl Counting {
    pub(super) fn of(peer: &RowPeer, here: &Owner, counts: &Counts) -> Self {
        match peer.role {
            Role::Relay if !here.recovering => Self::Site(peer.view.clone(), counts.0.get(&peer.view).copied()),
            Role::Hub | Role::Relay => Self::Nobody,
            Role::Agent => {
                let prefix = |kind| format!("{}/{kind}/{}", peer.view, peer.node);
                Self::Machine(guard::OF_AGENTS.iter().map(prefix).collect())
            }
        }
    }

    /// Whether one more may come. `fresh`: what came in this transaction.
    pub(super) fn has_room(
        &mut self,
        look: &mut dyn Look,
        key: &Key,
        fresh: &BTreeMap<Scope, u64>,
    ) -> Result<bool, TxError> {
        match self {
            Self::Nobody => Ok(true),
            Self::Machine(prefixes) => {
                let mut count = 0;
                for prefix in prefixes {
                    count += look.range(tables::ROWS, prefix.as_bytes(), prefix.as_bytes(), MACHINE_ROWS)?.len();
                }
                Ok(count < MACHINE_ROWS)
            }
            // Of others it brings none, or is refused before.
            Self::Site(site, _) if *site != key.scope() => Ok(true),
            Self::Site(site, before) => {
                let new = fresh.get(site).copied().unwrap_or(0);
                let before = match before {
                    Some(before) => *before,
                    // What this transaction brought is among those that are found.
                    None => *before.insert(count_of(look, site)?.saturating_sub(new)),
                };
                Ok(before + new < SITE_ROWS)
            }
        }
    }

    /// How many rows a site had before this transaction, where that was looked at.
    pub(super) fn found(self) -> Option<(Scope, u64)> {
        match self {
            Self::Site(site, before) => before.map(|before| (site, before)),
            Self::Nobody | Self::Machine(_) => None,
        }
    }
}

fn count_of(look: &mut dyn Look, site: &Scope) -> Result<u64, TxError> {
    let mut count = 0;
    record::each(look, format!("{site}/").as_bytes(), &mut |_, _| count += 1)?;
    Ok(count)
}
