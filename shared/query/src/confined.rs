//! How is a question kept inside what the asker may see?

use std::sync::Arc;

use crate::{
    Coverage, LabelSet, Limits, Matcher, Selection, SeriesPart, SeriesSamples, Source, SourceError, Visit, Wish,
};

/// A source that shows only what one matcher lets through, whatever is asked of it.
///
/// It stands between every question and the storage, so confinement does not depend on how a question is parsed. What
/// comes back is checked again: a storage that forgets a matcher shows too little here, never too much.
#[derive(Clone, Copy)]
pub struct Confined<'a> {
    inner: &'a dyn Source,
    only: Option<&'a Matcher>,
}

impl<'a> Confined<'a> {
    /// Everything of `inner` that `only` lets through; everything when there is none.
    pub fn new(inner: &'a dyn Source, only: Option<&'a Matcher>) -> Self {
        Self { inner, only }
    }

    fn with_mine(&self, matchers: &[Matcher]) -> Vec<Matcher> {
        matchers.iter().chain(self.only).cloned().collect()
    }

    fn shows(&self, labels: &LabelSet) -> bool {
        self.only.is_none_or(|only| only.matches(labels.get(only.name())))
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
