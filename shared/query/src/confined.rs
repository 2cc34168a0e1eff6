//! How is a question kept inside what the asker may see?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::{
    Coverage, LabelSet, Limits, Matcher, Selection, SeriesPart, SeriesSamples, Source, SourceError, Visit, Wish,
};

/// The clients, sites and single machines whose samples somebody may see; nobody's at first.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// No series is in two of them, so that each is asked for once.
    shares: Vec<Share>,
}

/// Whose samples, and what a storage is asked with for them: never less than what is shown.
#[derive(Debug, Clone)]
struct Share {
    whose: Whose,
    matchers: Vec<Matcher>,
}

#[derive(Debug, Clone)]
enum Whose {
    Clients(BTreeSet<String>),
    /// Each as client and site.
    Sites(BTreeSet<(String, String)>),
    /// By their ids, each with its client and site: both must be right.
    Machines(BTreeMap<String, (String, String)>),
}

impl Bounds {
    /// All sites of these clients, and these sites of others, each as client and site.
    pub fn new(clients: BTreeSet<String>, mut sites: BTreeSet<(String, String)>) -> Self {
        sites.retain(|(client, _)| !clients.contains(client));
        let of_clients = (!clients.is_empty()).then(|| Share {
            matchers: vec![Matcher::one_of("client", clients.iter().cloned())],
            whose: Whose::Clients(clients),
        });
        let of_sites =
            (!sites.is_empty()).then(|| Share { matchers: of_places(sites.iter()), whose: Whose::Sites(sites) });
        Self { shares: of_clients.into_iter().chain(of_sites).collect() }
    }

    /// And these machines, each by its client, its site and its id, wherever they are. There may be as many as the
    /// deployment has: each is looked up, none is a pattern.
    #[must_use]
    pub fn and_machines(mut self, machines: impl IntoIterator<Item = (String, String, String)>) -> Self {
        let others = machines.into_iter().filter(|(client, site, id)| !id.is_empty() && !self.has(client, site, id));
        let machines: BTreeMap<_, _> = others.map(|(client, site, id)| (id, (client, site))).collect();
        if !machines.is_empty() {
            let mut matchers = of_places(machines.values());
            matchers.push(Matcher::one_of("machine_id", machines.keys().cloned()));
            self.shares.push(Share { whose: Whose::Machines(machines), matchers });
        }
        self
    }

    /// Whether a series with these labels is within.
    pub fn include(&self, labels: &LabelSet) -> bool {
        self.shares.iter().any(|share| share.includes(labels))
    }

    fn has(&self, client: &str, site: &str, machine_id: &str) -> bool {
        self.shares.iter().any(|share| share.has(client, site, machine_id))
    }

    /// Asks for one share after the other until the one who reads wants no more.
    fn each(
        &self,
        matchers: &[Matcher],
        mut ask: impl FnMut(&Share, &[Matcher]) -> Result<(Coverage, Visit), SourceError>,
    ) -> Result<Coverage, SourceError> {
        let mut coverage = Coverage::whole();
        for share in &self.shares {
            let matchers: Vec<Matcher> = matchers.iter().chain(&share.matchers).cloned().collect();
            let (mut found, visit) = ask(share, &matchers)?;
            found.retain(|lack| share.has(&lack.client, &lack.site, &lack.machine_id));
            coverage.merge(found);
            if visit.is_break() {
                break;
            }
        }
        Ok(coverage)
    }
}

fn of_places<'a>(places: impl Iterator<Item = &'a (String, String)> + Clone) -> Vec<Matcher> {
    let clients = Matcher::one_of("client", places.clone().map(|(client, _)| client.clone()));
    vec![clients, Matcher::one_of("site", places.map(|(_, site)| site.clone()))]
}

impl Share {
    fn includes(&self, labels: &LabelSet) -> bool {
        self.has(labels.get("client"), labels.get("site"), labels.get("machine_id"))
    }

    fn has(&self, client: &str, site: &str, machine_id: &str) -> bool {
        let is = |place: &(String, String)| place.0 == client && place.1 == site;
        match &self.whose {
            Whose::Clients(clients) => clients.contains(client),
            Whose::Sites(sites) => sites.contains(&(client.to_owned(), site.to_owned())),
            Whose::Machines(machines) => machines.get(machine_id).is_some_and(is),
        }
    }
}

/// A source that shows only what is within bounds, whatever is asked of it.
///
/// It stands between every question and the storage, so confinement does not depend on how a question is parsed. What
/// comes back is checked again: a storage that forgets a matcher shows too little here, never too much.
#[derive(Clone)]
pub struct Confined<'a> {
    inner: &'a dyn Source,
    only: Option<Arc<Bounds>>,
}

impl<'a> Confined<'a> {
    /// Everything of `inner` that is within `only`; everything when there are no bounds.
    pub fn new(inner: &'a dyn Source, only: Option<Arc<Bounds>>) -> Self {
        Self { inner, only }
    }
}

impl Source for Confined<'_> {
    fn select(
        &self,
        selection: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let Some(only) = &self.only else { return self.inner.select(selection, limits, sink) };
        only.each(selection.matchers, |share, matchers| {
            let mut visit = Visit::Continue(());
            let selection = Selection { matchers, ..*selection };
            let coverage = self.inner.select(&selection, limits, &mut |piece| {
                if share.includes(piece.labels) {
                    visit = sink(piece);
                }
                visit
            })?;
            Ok((coverage, visit))
        })
    }

    fn select_parts(
        &self,
        selection: &Selection<'_>,
        wish: Wish,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesPart<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let Some(only) = &self.only else { return self.inner.select_parts(selection, wish, limits, sink) };
        only.each(selection.matchers, |share, matchers| {
            let mut visit = Visit::Continue(());
            let selection = Selection { matchers, ..*selection };
            let coverage = self.inner.select_parts(&selection, wish, limits, &mut |part| {
                if share.includes(part.labels()) {
                    visit = sink(part);
                }
                visit
            })?;
            Ok((coverage, visit))
        })
    }

    fn series(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        limits: &Limits,
        sink: &mut dyn FnMut(&Arc<LabelSet>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let Some(only) = &self.only else { return self.inner.series(matchers, start_ms, end_ms, limits, sink) };
        only.each(matchers, |share, matchers| {
            let mut visit = Visit::Continue(());
            let coverage = self.inner.series(matchers, start_ms, end_ms, limits, &mut |labels| {
                if share.includes(labels) {
                    visit = sink(labels);
                }
                visit
            })?;
            Ok((coverage, visit))
        })
    }
}

impl std::fmt::Debug for Confined<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Confined").field("only", &self.only).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InMemory, Lack, Shortfall};

    fn text(text: &str) -> String {
        text.to_owned()
    }

    fn of(client: &str, site: &str, machine: &str) -> LabelSet {
        LabelSet::new([("__name__", "up"), ("client", client), ("site", site), ("machine_id", machine)])
    }

    #[test]
    fn a_site_of_one_client_opens_no_site_of_the_same_name_of_another() {
        let pairs = [(text("acme"), text("lyon")), (text("bron"), text("paris"))];
        let bounds = Bounds::new([text("dole")].into(), pairs.into());
        let shows = |client: &str, site: &str| bounds.include(&LabelSet::new([("client", client), ("site", site)]));
        assert!(shows("acme", "lyon") && shows("bron", "paris") && shows("dole", "anywhere"));
        assert!(!shows("acme", "paris") && !shows("bron", "lyon") && !shows("", "lyon") && !shows("acme", ""));
        assert!(
            !Bounds::new([].into(), [].into()).include(&LabelSet::new([("client", "acme")])),
            "nobody sees nothing"
        );
    }

    #[test]
    fn a_machine_opens_itself_alone_and_only_where_it_is() {
        let nobody = Bounds::new([].into(), [].into());
        let bounds = nobody.and_machines([(text("acme"), text("lyon"), text("m1"))]);
        assert!(bounds.include(&of("acme", "lyon", "m1")));
        for (client, site, machine) in
            [("acme", "lyon", "m2"), ("acme", "lyon", ""), ("bron", "lyon", "m1"), ("acme", "paris", "m1")]
        {
            assert!(!bounds.include(&of(client, site, machine)), "{client} {site} {machine}");
        }
        let unnamed = Bounds::new([].into(), [].into()).and_machines([(text("acme"), text("lyon"), String::new())]);
        assert!(!unnamed.include(&of("acme", "lyon", "")), "what others pushed is of no machine");
    }

    #[test]
    fn whoever_sees_a_site_and_a_machine_sees_each_series_once() {
        let sites = [(text("acme"), text("lyon")), (text("bron"), text("paris"))];
        let machines = [("acme", "lyon", "m1"), ("acme", "paris", "m2"), ("dole", "nord", "m3")];
        let machines = machines.map(|(client, site, id)| (text(client), text(site), text(id)));
        let bounds = Bounds::new([text("eure")].into(), sites.into()).and_machines(machines);
        let mut source = InMemory::default();
        let there = [
            ("acme", "lyon", "m1"),
            ("acme", "lyon", "m9"),
            ("acme", "paris", "m2"),
            ("acme", "paris", "m8"),
            ("bron", "lyon", "m7"),
            ("dole", "nord", "m3"),
            ("dole", "nord", "m6"),
            ("eure", "sud", "m5"),
        ];
        for (client, site, machine) in there {
            source.add(of(client, site, machine), [(1, 1.0)]);
        }
        let confined = Confined::new(&source, Some(Arc::new(bounds)));
        let mut seen = Vec::new();
        let all = Selection::new(&[], 0, 2);
        let asked = confined.select(&all, &Limits::usual(), &mut |piece| {
            seen.push(text(piece.labels.get("machine_id")));
            Visit::Continue(())
        });
        seen.sort();
        assert_eq!((asked.is_ok(), seen), (true, ["m1", "m2", "m3", "m5", "m9"].map(text).to_vec()));
        let mut first = 0;
        let asked = confined.series(&[], 0, 2, &Limits::usual(), &mut |_| {
            first += 1;
            Visit::Break(())
        });
        assert_eq!((asked.is_ok(), first), (true, 1), "who wants no more is given no more of any share");
    }

    #[test]
    fn what_is_missing_of_others_is_not_told() {
        /// Says of a machine of another site that it is silent.
        struct Talkative;
        impl Source for Talkative {
            fn select(
                &self,
                _: &Selection<'_>,
                _: &Limits,
                _: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
            ) -> Result<Coverage, SourceError> {
                let mut coverage = Coverage::whole();
                for (site, machine) in [("lyon", "m1"), ("lyon", "m2"), ("paris", "m1")] {
                    let [client, machine_id, site] = ["acme", machine, site].map(Arc::from);
                    let (machine, lack) = (Arc::clone(&machine_id), Lack::Lost { ticks: 1 });
                    coverage.lacks(Shortfall { machine, machine_id, client, site, lack });
                }
                Ok(coverage)
            }
        }
        let bounds = Bounds::new([].into(), [].into()).and_machines([(text("acme"), text("lyon"), text("m1"))]);
        let confined = Confined::new(&Talkative, Some(Arc::new(bounds)));
        let asked = confined.select(&Selection::new(&[], 0, 2), &Limits::usual(), &mut |_| Visit::Continue(()));
        let told = asked.expect("it answers");
        let told: Vec<_> = told.shortfalls().iter().map(|lack| (&*lack.site, &*lack.machine_id)).collect();
        assert_eq!(told, [("lyon", "m1")]);
    }
}
