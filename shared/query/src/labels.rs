//! By what labels is a series known to the one who asks?

use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::{Arc, LazyLock, OnceLock};

use vigie_model::SeriesDef;

use crate::{Matcher, all_match, json};

/// The label that holds a series' Prometheus name.
pub const NAME: &str = "__name__";

/// The labels that say whose a series is, as [`Owner`] fills them.
///
/// There is none for the incarnation of a machine's store: a disk that was replaced does not make a second machine, so
/// the lives of one store follow one another in one series.
pub const OWNER_LABELS: [&str; 4] = ["client", "machine", "machine_id", "site"];

/// The labels of one series: sorted by name, each name once, no empty value (Prometheus holds an empty label and an
/// absent one for the same).
///
/// The texts are shared: an expression makes many label sets out of the same names and values.
#[derive(Clone)]
pub struct LabelSet {
    pairs: Vec<Pair>,
    /// Of the pairs, made with them: a set is looked up more often than it is made.
    hash: u64,
    /// As JSON, since somebody first wanted that: a store hands out the same sets again and again, and to look up a dozen
    /// texts for each of ten thousand series is dearer than all else about an answer.
    json: OnceLock<Box<[u8]>>,
}

type Pair = (Arc<str>, Arc<str>);

/// One for the whole process, and another in the next: nobody can name machines so that their labels collide.
static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl LabelSet {
    /// Labels from pairs in any order. Where a name stands twice the first wins.
    pub fn new<N: Into<Arc<str>>, V: Into<Arc<str>>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut labels: Vec<Pair> = pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        labels.retain(|(_, value)| !value.is_empty());
        labels.sort_by(|a, b| a.0.cmp(&b.0));
        labels.dedup_by(|later, first| later.0 == first.0);
        Self::of_sorted(labels)
    }

    /// The hash is of the values alone: series that are asked for together differ in them, and have the same names.
    fn of_sorted(pairs: Vec<Pair>) -> Self {
        let mut hasher = HASHES.build_hasher();
        pairs.iter().for_each(|(_, value)| value.hash(&mut hasher));
        Self { hash: hasher.finish(), pairs, json: OnceLock::new() }
    }

    /// How everyone knows a machine's series: its Prometheus name, its own labels, and whose it is.
    ///
    /// A label of the series that bears an owner's name keeps its value as `exported_…`, as Prometheus does, because
    /// nobody may say by a label that they are another client.
    pub fn of(def: &SeriesDef, owner: &Owner) -> Self {
        let own = def.prometheus_labels().into_iter().map(|(name, value)| {
            let taken = name == NAME || OWNER_LABELS.contains(&name.as_str());
            (if taken { format!("exported_{name}") } else { name }, value)
        });
        let said = [(NAME.to_owned(), def.prometheus_name())];
        let owner = owner.labels().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self::new(owner.into_iter().chain(said).chain(own))
    }

    /// The value of a label, empty when it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.pairs.binary_search_by(|(key, _)| (**key).cmp(name)).map_or("", |at| &self.pairs[at].1)
    }

    /// The pairs, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    /// As a JSON object, made when it is first wanted and kept with the labels.
    pub fn json(&self) -> &[u8] {
        self.json.get_or_init(|| json::object(self))
    }

    /// These labels and no others.
    pub(crate) fn only(&self, names: &[String]) -> Self {
        self.filtered(|name| names.iter().any(|kept| kept == name))
    }

    /// All labels but these.
    pub(crate) fn without(&self, names: &[String]) -> Self {
        self.filtered(|name| !names.iter().any(|dropped| dropped == name))
    }

    /// All labels but the series' name.
    pub(crate) fn nameless(&self) -> Self {
        self.filtered(|name| name != NAME)
    }

    /// With this value of this label; the empty value takes the label away.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut labels = self.pairs.clone();
        match (labels.binary_search_by(|(key, _)| (**key).cmp(name)), value.is_empty()) {
            (Ok(at), true) => drop(labels.remove(at)),
            (Ok(at), false) => labels[at].1 = value.into(),
            (Err(_), true) => {}
            (Err(at), false) => labels.insert(at, (name.into(), value.into())),
        }
        Self::of_sorted(labels)
    }

    fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self::of_sorted(self.pairs.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }

    /// How many labels this set and another have in common before the first that differs.
    pub(crate) fn same_at_the_beginning(&self, other: &Self) -> usize {
        self.pairs.iter().zip(&other.pairs).take_while(|(a, b)| order_of(a, b).is_eq()).count()
    }
}

impl Default for LabelSet {
    fn default() -> Self {
        Self::of_sorted(Vec::new())
    }
}

impl PartialEq for LabelSet {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.cmp(other).is_eq()
    }
}

impl Eq for LabelSet {}

/// Most texts of two series of one node are the same object, and then are not looked at.
fn order_of(a: &Pair, b: &Pair) -> Ordering {
    let text = |a: &Arc<str>, b: &Arc<str>| if Arc::ptr_eq(a, b) { Ordering::Equal } else { a.cmp(b) };
    text(&a.0, &b.0).then_with(|| text(&a.1, &b.1))
}

/// Pair by pair.
impl Ord for LabelSet {
    fn cmp(&self, other: &Self) -> Ordering {
        let mut orders = self.pairs.iter().zip(&other.pairs).map(|(a, b)| order_of(a, b));
        orders.find(|order| order.is_ne()).unwrap_or_else(|| self.pairs.len().cmp(&other.pairs.len()))
    }
}

impl PartialOrd for LabelSet {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for LabelSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// As Prometheus writes labels in its errors.
impl fmt::Display for LabelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (at, (name, value)) in self.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for LabelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Whose a series is: what a node adds to the labels that an agent declared.
///
/// It comes from the machine's certificate and from the row that names it, never from the agent's samples.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The tenant.
    pub client: String,
    /// The site.
    pub site: String,
    /// The host name, for people.
    pub machine: String,
    /// The node id, for machines.
    pub machine_id: String,
}

impl Owner {
    /// The four labels.
    pub fn labels(&self) -> [(&'static str, &str); 4] {
        [("client", &self.client), ("machine", &self.machine), ("machine_id", &self.machine_id), ("site", &self.site)]
    }

    /// Whether any series of this owner can match: a cheap way to pass over a machine before its schema is read.
    pub fn may_match(&self, matchers: &[Matcher]) -> bool {
        let labels = self.labels();
        let value = |name: &str| labels.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        matchers.iter().all(|matcher| value(matcher.name()).is_none_or(|value| matcher.matches(value)))
    }

    /// The labels of a series of this owner, if they match.
    pub fn labels_if_matched(&self, def: &SeriesDef, matchers: &[Matcher]) -> Option<LabelSet> {
        let labels = LabelSet::of(def, self);
        all_match(matchers, &labels).then_some(labels)
    }
}

#[cfg(test)]
mod tests {
    use vigie_model::{Kind, Resolution};

    use super::*;

    fn owner() -> Owner {
        Owner { client: "acme".into(), site: "lyon".into(), machine: "compta-2".into(), machine_id: "ab".into() }
    }

    #[test]
    fn a_series_can_not_claim_another_client() {
        let def = SeriesDef::new("m", &[("client", "other"), ("site", "")], "", Kind::Gauge, Resolution::ONE)
            .expect("a plain series");
        let labels = LabelSet::of(&def, &owner());
        assert_eq!(labels.get("client"), "acme");
        assert_eq!(labels.get("exported_client"), "other");
        assert_eq!(labels.get("site"), "lyon");
        assert_eq!(labels.get(NAME), "m");
    }

    #[test]
    fn an_empty_label_is_an_absent_label() {
        assert_eq!(LabelSet::new([("a", ""), ("b", "1")]), LabelSet::new([("b", "1")]));
        assert_eq!(LabelSet::new([("b", "1")]).get("a"), "");
    }

    #[test]
    fn an_owner_is_passed_over_only_when_nothing_of_it_can_match() {
        let lyon = Matcher::equal("site", "lyon");
        let paris = Matcher::equal("site", "paris");
        let other = Matcher::equal("device", "sda");
        assert!(owner().may_match(&[lyon.clone(), other]));
        assert!(!owner().may_match(&[lyon, paris]));
    }
}
