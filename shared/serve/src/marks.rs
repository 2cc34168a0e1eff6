//! Which words did people give machines, and who may see a machine for one of them?

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::{NodeId, Slug};
use vigie_people::At;

/// Words of each kind that one machine bears: nobody looks at more, and each is a row that travels.
pub const MOST_MARKS: usize = 32;

/// What people call a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
pub struct Mark {
    /// What it is tagged with: what rights, rules and filters ask for.
    pub tags: BTreeSet<Slug>,
    /// The groups that it is in: what rules, public pages and filters ask for.
    pub groups: BTreeSet<Slug>,
}

/// Which of the two a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// A tag.
    Tag,
    /// A group.
    Group,
}

impl MarkKind {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Group => "group",
        }
    }
}

impl Mark {
    /// The words of one kind.
    pub fn words(&self, kind: MarkKind) -> &BTreeSet<Slug> {
        match kind {
            MarkKind::Tag => &self.tags,
            MarkKind::Group => &self.groups,
        }
    }

    fn words_mut(&mut self, kind: MarkKind) -> &mut BTreeSet<Slug> {
        match kind {
            MarkKind::Tag => &mut self.tags,
            MarkKind::Group => &mut self.groups,
        }
    }

    /// Each word with what it is.
    pub fn each(&self) -> impl Iterator<Item = (MarkKind, &Slug)> {
        let of = |kind: MarkKind| self.words(kind).iter().map(move |word| (kind, word));
        of(MarkKind::Tag).chain(of(MarkKind::Group))
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.groups.is_empty()
    }

    /// What of these words it has not.
    #[must_use]
    pub fn lacking(&self, words: &Self) -> Self {
        let of = |kind: MarkKind| words.words(kind).difference(self.words(kind)).cloned().collect();
        Self { tags: of(MarkKind::Tag), groups: of(MarkKind::Group) }
    }

    /// With more words, and without others.
    #[must_use]
    pub fn changed(&self, add: &Self, remove: &Self) -> Self {
        let of = |kind: MarkKind| {
            let both = self.words(kind).union(add.words(kind));
            both.filter(|word| !remove.words(kind).contains(*word)).cloned().collect()
        };
        Self { tags: of(MarkKind::Tag), groups: of(MarkKind::Group) }
    }
}

/// The words of all machines. A word counts at the place that it was said for and nowhere else: what is said at one site of
/// a machine of another opens nothing.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    of: HashMap<NodeId, BTreeMap<(Slug, Slug), Mark>>,
    taken: u64,
}

impl Marks {
    /// Gives a machine of a place a word, or takes it away.
    pub fn set(&mut self, (client, site): (&Slug, &Slug), machine: NodeId, (kind, word): (MarkKind, &Slug), has: bool) {
        let places = self.of.entry(machine).or_default();
        let words = places.entry((client.clone(), site.clone())).or_default().words_mut(kind);
        if has {
            words.insert(word.clone());
        } else if words.remove(word) {
            self.taken += u64::from(kind == MarkKind::Tag);
        }
    }

    /// What a machine of a place is called.
    pub fn of(&self, machine: NodeId, client: &Slug, site: &Slug) -> Option<&Mark> {
        let places = self.of.get(&machine)?;
        places.iter().find(|((of, at), _)| of == client && at == site).map(|(_, mark)| mark)
    }

    /// Whether a machine was ever given a word.
    pub(crate) fn are_of(&self, machine: NodeId) -> bool {
        self.of.contains_key(&machine)
    }

    /// Each machine that was ever given a word, with its client and site.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Slug, &Slug, &Mark)> {
        let each = self.of.iter().flat_map(|(id, places)| places.iter().map(move |place| (id, place)));
        each.map(|(id, ((client, site), mark))| (*id, client, site, mark))
    }

    /// How often a tag was taken away: another number means that somebody may see less than before.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// The place of something that may be about one machine.
    pub fn at<'a>(&'a self, client: Option<&'a Slug>, site: Option<&'a Slug>, machine: Option<NodeId>) -> At<'a> {
        let place = client.zip(site).zip(machine);
        let marked = place.and_then(|((client, site), id)| Some((client, site, self.of(id, client, site)?)));
        marked.map_or(At::of(client, site), |(client, site, mark)| At::Machine(client, site, &mark.tags))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(name: &str) -> Slug {
        name.parse().expect("a name")
    }

    #[test]
    fn a_word_counts_where_it_was_said_and_nowhere_else() {
        let (acme, bron, lyon, till) = (slug("acme"), slug("bron"), slug("lyon"), slug("till"));
        let machine = NodeId::of_key(&[1; 32]);
        let mut marks = Marks::default();
        marks.set((&bron, &lyon), machine, (MarkKind::Tag, &till), true);
        assert_eq!(marks.of(machine, &acme, &lyon), None, "another client says nothing of acme's machine");
        assert_eq!(marks.at(Some(&acme), Some(&lyon), Some(machine)), At::Site(&acme, &lyon));
        marks.set((&acme, &lyon), machine, (MarkKind::Tag, &till), true);
        assert!(
            matches!(marks.at(Some(&acme), Some(&lyon), Some(machine)), At::Machine(_, _, tags) if tags.contains(&till))
        );
        assert_eq!(
            marks.at(Some(&acme), Some(&lyon), None),
            At::Site(&acme, &lyon),
            "what is of no machine bears no tag"
        );
    }

    #[test]
    fn only_a_tag_that_was_there_and_goes_takes_a_right_away() {
        let (place, till) = ((&slug("acme"), &slug("lyon")), slug("till"));
        let machine = NodeId::of_key(&[1; 32]);
        let mut marks = Marks::default();
        marks.set(place, machine, (MarkKind::Tag, &till), false);
        marks.set(place, machine, (MarkKind::Group, &till), true);
        marks.set(place, machine, (MarkKind::Group, &till), false);
        marks.set(place, machine, (MarkKind::Tag, &till), true);
        assert_eq!(marks.taken(), 0);
        marks.set(place, machine, (MarkKind::Tag, &till), false);
        assert_eq!(marks.taken(), 1);
    }

    #[test]
    fn what_is_added_and_taken_away_leaves_the_rest() {
        let mark = |tags: &[&str]| Mark { tags: tags.iter().map(|name| slug(name)).collect(), ..Mark::default() };
        assert_eq!(mark(&["a", "b"]).changed(&mark(&["c"]), &mark(&["a"])), mark(&["b", "c"]));
        assert_eq!(mark(&["a", "b"]).lacking(&mark(&["b", "c"])), mark(&["c"]));
    }
}
