//! How is a question kept inside what the asker may see?

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::{
    Coverage, LabelSet, Limits, Matcher, Selection, SeriesPart, SeriesSamples, Source, SourceError, Visit, Wish,
};

/// The clients and sites whose samples somebody may see; nobody's at first.
#[derive(Debug, Clone)]
pub struct Bounds {
    clients: BTreeSet<String>,
    sites: BTreeSet<(String, String)>,
    /// What a storage is asked with: never less than what is shown, and for one client or one site just that.
    matchers: Vec<Matcher>,
}

impl Bounds {
    /// All sites of these clients, and these sites of others, each as client and site.
    pub fn new(clients: BTreeSet<String>, sites: BTreeSet<(String, String)>) -> Self {
        let any_client = clients.iter().chain(sites.iter().map(|(client, _)| client)).cloned().collect::<BTreeSet<_>>();
        let mut matchers = vec![Matcher::one_of("client", any_client)];
        if clients.is_empty() && !sites.is_empty() {
            let any_site = sites.iter().map(|(_, site)| site.clone()).collect::<BTreeSet<_>>();
            matchers.push(Matcher::one_of("site", any_site));
        }
        Self { clients, sites, matchers }
    }

    /// Whether a series with these labels is within.
    pub fn include(&self, labels: &LabelSet) -> bool {
        let (client, site) = (labels.get("client"), labels.get("site"));
        self.clients.contains(client) || self.sites.contains(&(client.to_owned(), site.to_owned()))
    }
}

/// A source that shows only what is within bounds, whatever is asked of it.
///
/// It stands between every question and the storage, so confinement does not depend on how a question is parsed. What
/// comes back is checked again: a storage that forgets a matcher shows too little here, never too much.
#[derive(Clone, Copy)]
pub struct Confined<'a> {
    inner: &'a dyn Source,
    only: Option<&'a Bounds>,
}

impl<'a> Confined<'a> {
    /// Everything of `inner` that is within `only`; everything when there are no bounds.
    pub fn new(inner: &'a dyn Source, only: Option<&'a Bounds>) -> Self {
        Self { inner, only }
    }

    fn with_mine(&self, matchers: &[Matcher]) -> Vec<Matcher> {
        matchers.iter().chain(self.only.iter().flat_map(|only| &only.matchers)).cloned().collect()
    }

    fn shows(&self, labels: &LabelSet) -> bool {
        self.only.is_none_or(|only| only.include(labels))
    }
}

impl Source for Confined<'_> {
    fn select(
        &self,
        selection: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let matchers = self.with_mine(selection.matchers);
        self.inner.select(&Selection { matchers: &matchers, ..*selection }, limits, &mut |piece| {
            if self.shows(piece.labels) { sink(piece) } else { Visit::Continue(()) }
        })
    }

    fn select_parts(
        &self,
        selection: &Selection<'_>,
        wish: Wish,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesPart<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let matchers = self.with_mine(selection.matchers);
        self.inner.select_parts(&Selection { matchers: &matchers, ..*selection }, wish, limits, &mut |part| {
            if self.shows(part.labels()) { sink(part) } else { Visit::Continue(()) }
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
        self.inner.series(&self.with_mine(matchers), start_ms, end_ms, limits, &mut |labels| {
            if self.shows(labels) { sink(labels) } else { Visit::Continue(()) }
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

    #[test]
    fn a_site_of_one_client_opens_no_site_of_the_same_name_of_another() {
        let text = |text: &str| text.to_owned();
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
}
