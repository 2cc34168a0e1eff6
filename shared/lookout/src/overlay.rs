//! The samples of this node as its rules ask for them: with who is there, with what rules wrote, and without what is judged
//! elsewhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use vigie_model::Slug;
use vigie_query::{
    Coverage, LabelSet, Limits, Matcher, NAME, Selection, SeriesPart, SeriesSamples, Source, SourceError, Visit, Wish,
    all_match, samples_alone,
};
use vigie_watch::presence;

use crate::seats::Seat;
use crate::written::Written;

/// Whose series this node judges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judges {
    /// All that it has but of these machines, by their ids: a relay, of its site.
    AllBut(BTreeSet<String>),
    /// Those of these places, and of none: a hub.
    Places(BTreeSet<(Slug, Slug)>),
}

impl Judges {
    /// Whether what bears these labels is judged here.
    pub(crate) fn includes(&self, labels: &LabelSet) -> bool {
        match self {
            Self::AllBut(machines) => machines.is_empty() || !machines.contains(labels.get("machine_id")),
            Self::Places(_) => self.includes_place(labels.get("client"), labels.get("site")),
        }
    }

    /// Whether anything of a place is judged here; no site is everybody's.
    pub(crate) fn includes_place(&self, client: &str, site: &str) -> bool {
        match self {
            Self::AllBut(_) => true,
            Self::Places(_) if site.is_empty() => true,
            Self::Places(places) => places.iter().any(|(own, place)| own.as_str() == client && place.as_str() == site),
        }
    }
}

/// What rules see at one moment.
pub(crate) struct Overlay<'a> {
    pub(crate) base: &'a dyn Source,
    pub(crate) seat: Seat,
    pub(crate) judges: &'a Judges,
    /// Who is there, now.
    pub(crate) presence: &'a [(Arc<LabelSet>, f64)],
    pub(crate) written: &'a Written,
    pub(crate) now_ms: i64,
}

impl Overlay<'_> {
    /// The matchers with those that keep a store from reading what is judged elsewhere; nothing where nothing is left.
    fn confined(&self, matchers: &[Matcher]) -> Option<Vec<Matcher>> {
        let mut confined = matchers.to_vec();
        if let (Judges::Places(places), Seat::Own) = (self.judges, self.seat) {
            if places.is_empty() {
                return None;
            }
            let clients = places.iter().map(|(client, _)| client.to_string());
            let sites = places.iter().map(|(_, site)| site.to_string());
            confined.push(Matcher::one_of("client", clients));
            confined.push(Matcher::one_of("site", sites));
        }
        Some(confined)
    }

    fn shows(&self, labels: &LabelSet) -> bool {
        match self.seat {
            Seat::Own => self.judges.includes(labels),
            Seat::Pushed => !self.judges.includes(labels),
            Seat::Across => true,
        }
    }

    /// What this node knows by itself: who is there, and what rules wrote.
    fn own(&self, selection: &Selection<'_>, sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit) -> Visit {
        if (selection.start_ms..=selection.end_ms).contains(&self.now_ms) {
            for (labels, value) in self.presence.iter().filter(|(labels, _)| all_match(selection.matchers, labels)) {
                sink(SeriesSamples { labels, timestamps_ms: &[self.now_ms], values: &[*value] })?;
            }
        }
        self.written.select(selection, self.seat, sink)
    }

    /// What is missing of the places that are judged here.
    fn coverage(&self, of_all: Coverage) -> Coverage {
        let (Judges::Places(places), Seat::Own) = (self.judges, self.seat) else { return of_all };
        let mut coverage = Coverage::whole();
        of_all.coarse().iter().for_each(|coarse| coverage.is_coarse(*coarse));
        let is_here = |(client, site): (&str, &str)| {
            places.iter().any(|(own, place)| own.as_str() == client && place.as_str() == site)
        };
        let shortfalls = of_all.shortfalls().iter();
        let shortfalls = shortfalls.filter(|shortfall| is_here((&shortfall.client, &shortfall.site)));
        shortfalls.for_each(|shortfall| coverage.lacks(shortfall.clone()));
        coverage
    }
}

/// Whether a selector asks for one of the series that only this node knows.
fn asks(matchers: &[Matcher], is: impl Fn(&str) -> bool) -> bool {
    let name = matchers.iter().find(|matcher| matcher.name() == NAME).and_then(Matcher::exact);
    name.is_some_and(is)
}

impl Source for Overlay<'_> {
    fn select(
        &self,
        selection: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        samples_alone(self, selection, limits, sink)
    }

    fn select_parts(
        &self,
        selection: &Selection<'_>,
        wish: Wish,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesPart<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let asks_presence = asks(selection.matchers, presence::is_series);
        if self.own(selection, &mut |samples| sink(SeriesPart::Samples(samples))).is_break() {
            return Ok(Coverage::whole());
        }
        let confined = self.confined(selection.matchers).filter(|_| !asks_presence);
        let coverage = match confined {
            None => Coverage::whole(),
            Some(matchers) => {
                let selection = Selection { matchers: &matchers, ..*selection };
                self.base.select_parts(&selection, wish, limits, &mut |part| {
                    if self.shows(part.labels()) { sink(part) } else { Visit::Continue(()) }
                })?
            }
        };
        Ok(self.coverage(coverage))
    }
}

#[cfg(test)]
mod tests {
    use vigie_query::{Lack, Shortfall};

    use super::*;

    #[test]
    fn what_is_missing_of_a_site_is_not_missing_of_another_clients_site_of_that_name() {
        let places = ("acme".parse().expect("a name"), "paris".parse().expect("a name"));
        let judges = Judges::Places([places].into());
        let mut of_all = Coverage::whole();
        for client in ["acme", "bron"] {
            let (machine, machine_id) = (format!("till of {client}").into(), client.into());
            let (client, site, lack) = (client.into(), "paris".into(), Lack::Cut { since_ms: 1 });
            of_all.lacks(Shortfall { machine, machine_id, client, site, lack });
        }
        let base = vigie_query::InMemory::default();
        let seat = Seat::Own;
        let overlay =
            Overlay { base: &base, seat, judges: &judges, presence: &[], written: &Written::default(), now_ms: 0 };
        let coverage = overlay.coverage(of_all);
        let missing: Vec<&str> = coverage.shortfalls().iter().map(|one| &*one.client).collect();
        assert_eq!(missing, ["acme"]);
    }
}
