//! What may somebody do, all in all?

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{At, Right, Scope};

/// Rights, each with the parts of the deployment where it holds. Nothing at first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Powers(BTreeMap<Right, BTreeSet<Scope>>);

impl Powers {
    /// Everything, everywhere.
    pub fn all() -> Self {
        Right::ALL.into_iter().map(|right| (right, Scope::everywhere())).collect()
    }

    /// Adds a right in a scope. What a wider scope says already is not said twice.
    pub fn add(&mut self, right: Right, scope: Scope) {
        let scopes = self.0.entry(right).or_default();
        if !scopes.iter().any(|wider| wider.includes(&scope)) {
            scopes.retain(|narrower| !scope.includes(narrower));
            scopes.insert(scope);
        }
    }

    /// Whether a right holds at a place.
    pub fn may(&self, right: Right, at: At<'_>) -> bool {
        self.scopes(right).any(|scope| scope.covers(at))
    }

    /// Whether a right holds anywhere at all.
    pub fn anywhere(&self, right: Right) -> bool {
        self.scopes(right).next().is_some()
    }

    /// Whether a right holds in all of a scope.
    pub fn in_all_of(&self, right: Right, scope: &Scope) -> bool {
        self.scopes(right).any(|mine| mine.includes(scope))
    }

    /// Whether they may whatever somebody with those powers may.
    pub fn include(&self, others: &Self) -> bool {
        others.iter().all(|(right, scope)| self.in_all_of(right, scope))
    }

    /// What both may.
    #[must_use]
    pub fn meet(&self, others: &Self) -> Self {
        let both =
            self.iter().flat_map(|(right, mine)| others.scopes(right).map(move |scope| (right, mine.meet(scope))));
        both.filter_map(|(right, scope)| Some((right, scope?))).collect()
    }

    /// The parts of the deployment where a right holds; none of them within another.
    pub fn scopes(&self, right: Right) -> impl Iterator<Item = &Scope> {
        self.0.get(&right).into_iter().flatten()
    }

    /// Each right with each part where it holds.
    pub fn iter(&self) -> impl Iterator<Item = (Right, &Scope)> {
        self.0.iter().flat_map(|(right, scopes)| scopes.iter().map(|scope| (*right, scope)))
    }

    /// Whether they may nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Right, Scope)> for Powers {
    fn from_iter<T: IntoIterator<Item = (Right, Scope)>>(pairs: T) -> Self {
        let mut powers = Self::default();
        powers.extend(pairs);
        powers
    }
}

impl Extend<(Right, Scope)> for Powers {
    fn extend<T: IntoIterator<Item = (Right, Scope)>>(&mut self, pairs: T) {
        pairs.into_iter().for_each(|(right, scope)| self.add(right, scope));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_scope_says_it_for_the_narrower() {
        let powers = |scopes: &[&str]| -> Powers {
            scopes.iter().map(|scope| (Right::Look, scope.parse().expect("a scope"))).collect()
        };
        assert_eq!(powers(&["acme/lyon", "acme", "acme/paris"]), powers(&["acme"]));
        assert_eq!(powers(&["acme", "bron"]).scopes(Right::Look).count(), 2);
        assert!(!powers(&["acme"]).anywhere(Right::Decide));
    }
}
