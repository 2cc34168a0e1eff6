//! How do verdicts become rows, and what happens to one that no row can be written of?
//!
//! All in one commit. What is refused in it would be refused again and again, and with it all the others: then each is
//! written by itself, and what is refused is left out and said once.

use std::collections::BTreeSet;

use vigie_alerts::{Heard as Judged, Judge, Thing};

use crate::rows::{RowEdit, RowTrouble};
use crate::watchman::{Watchman, chance, lock};

impl Watchman {
    /// Writes verdicts as rows; says whether all were written that can be.
    pub(crate) fn write(&self, refused: &mut BTreeSet<Thing>, verdicts: Vec<Judged>) -> bool {
        let (alone, together): (Vec<_>, Vec<_>) = verdicts.into_iter().partition(|one| refused.contains(&one.thing));
        let done = match self.write_at_once(&together) {
            Ok(()) => true,
            Err(RowTrouble::Store(error)) => {
                tracing::warn!(%error, "what is wrong is not written down; it is tried again");
                return false;
            }
            Err(RowTrouble::Changed | RowTrouble::Refused(_)) => self.write_each(refused, &together),
        };
        self.write_each(refused, &alone) && done
    }

    fn write_each(&self, refused: &mut BTreeSet<Thing>, verdicts: &[Judged]) -> bool {
        let mut done = true;
        for one in verdicts {
            match self.write_at_once(std::slice::from_ref(one)) {
                Ok(()) => drop(refused.remove(&one.thing)),
                Err(RowTrouble::Refused(error)) => {
                    if refused.insert(one.thing) {
                        tracing::error!(%error, rule = one.rule, "an alert can not be written; the others are");
                    }
                }
                Err(error @ (RowTrouble::Changed | RowTrouble::Store(_))) => {
                    tracing::warn!(%error, rule = one.rule, "an alert is not written down; it is tried again");
                    done = false;
                }
            }
        }
        done
    }

    fn write_at_once(&self, verdicts: &[Judged]) -> Result<(), RowTrouble> {
        let judge = Judge { node: self.node, name: self.name.clone() };
        let register = lock(&self.register);
        let mut edits: Vec<RowEdit> = Vec::new();
        for heard in verdicts {
            match register.book.judged(heard, &judge, chance()) {
                Ok(wanted) => edits.extend(wanted.into_iter().map(RowEdit::from)),
                Err(error) => tracing::error!(%error, rule = heard.rule, "an alert can not be written"),
            }
        }
        drop(register);
        if !edits.is_empty() {
            let changed = self.rows.change(edits)?;
            self.arrived(&changed);
        }
        Ok(())
    }
}
