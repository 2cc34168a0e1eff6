//! How does a node take in what others measured?
//!
//! What was pushed is decoded and bounded by the router, which also knows into which place it goes; the node that
//! implements an [`Intake`] orders it and keeps it. Nothing that the sender says decides about the place.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vigie_formats::{Batch, LeftOut, Metadata, MetadataView, SeriesView, View};
use vigie_model::Slug;

use crate::Described;

/// Takes in samples that others push.
pub trait Intake: Send + Sync + 'static {
    /// Takes what was said into a place.
    ///
    /// Is called on a blocking thread. The samples are ordered and bounded when this returns; they are durable when the
    /// future is done, and only then does the sender hear that they were kept. When nobody waits any more the future is
    /// dropped, and what was ordered may be kept all the same: the sender sends it again, and it is a duplicate.
    fn take(&self, into: &Place, said: Said<'_>) -> Taking;

    /// What senders have said of their metrics, as far as it is remembered.
    fn described(&self) -> Vec<Described> {
        Vec::new()
    }
}

/// What becomes durable, or not.
pub type Taking = Pin<Box<dyn Future<Output = Result<Taken, NotTaken>> + Send>>;

/// Where samples of others are kept: it comes from the credentials or, for those who may write to several, from the path;
/// never from labels.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The tenant.
    pub client: Slug,
    /// Its site.
    pub site: Slug,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.client, self.site)
    }
}

/// A text that names no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a place is CLIENT/SITE, each a plain name such as acme/lyon")]
pub struct NoPlace;

impl std::str::FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (client, site) = text.split_once('/').ok_or(NoPlace)?;
        Ok(Self { client: client.parse().map_err(|_| NoPlace)?, site: site.parse().map_err(|_| NoPlace)? })
    }
}

/// What somebody pushed, as its format's reader gives it.
#[derive(Debug, Clone, Copy)]
pub enum Said<'a> {
    /// Texts are still the sender's bytes.
    View(&'a View<'a>),
    /// Texts stand on their own.
    Batch(&'a Batch),
}

impl<'a> Said<'a> {
    /// Gives every series, in the sender's order.
    pub fn each(&self, mut take: impl FnMut(SeriesView<'_, 'a>)) {
        match self {
            Self::View(view) => view.series().for_each(take),
            Self::Batch(batch) => {
                let mut labels = Vec::new();
                for series in &batch.series {
                    labels.clear();
                    labels.extend(series.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                    take(SeriesView {
                        labels: &labels,
                        samples: &series.samples,
                        metadata: series.metadata.as_deref().map(borrowed),
                        started_ms: series.started_ms,
                    });
                }
            }
        }
    }

    /// Gives what was said of families apart from series.
    pub fn each_family(&self, mut take: impl FnMut(&'a str, MetadataView<'a>)) {
        match self {
            Self::View(view) => view.families().iter().for_each(|(name, known)| take(name, *known)),
            Self::Batch(batch) => {
                batch.families.iter().for_each(|family| take(&family.name, borrowed(&family.metadata)));
            }
        }
    }

    /// Samples in all series.
    pub fn samples(&self) -> usize {
        match self {
            Self::View(view) => view.samples(),
            Self::Batch(batch) => batch.samples(),
        }
    }

    /// What the reader left out, and why.
    pub fn left_out(&self) -> &'a LeftOut {
        match self {
            Self::View(view) => view.left_out(),
            Self::Batch(batch) => &batch.left_out,
        }
    }
}

fn borrowed(known: &Metadata) -> MetadataView<'_> {
    MetadataView { kind: known.kind, help: &known.help, unit: &known.unit }
}

/// What became of the samples of one push. Together they are all that were said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Kept, and durable.
    pub samples: u64,
    /// Not kept again, because they are here already.
    pub duplicates: u64,
    /// Not kept and never to be: over a limit, too old, or at odds with what is here. The sender is told not to send
    /// them again.
    pub refused: u64,
    /// Why some were refused, in one sentence for the people who run the sender.
    pub why: Option<String>,
}

/// Why nothing of a push was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The store can not keep it now. The sender is told to send it again, after this time.
    #[error("{why}; nothing was kept, send it again")]
    Later {
        /// One sentence, without path or key.
        why: String,
        /// When it may have become better.
        after: Duration,
    },
    /// The place has as many series as it may. The sender is told not to send it again.
    #[error("the place has {most} series, which is all it may have; nothing was kept")]
    TooManySeries {
        /// How many it may have.
        most: u64,
    },
    /// There is no such place here. The sender is told not to send it again.
    #[error("there is no place {0} at this node; nothing was kept")]
    NoSuchPlace(Place),
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use vigie_formats::{Family, ForeignSeries, Kind, Limits};

    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let place: Place = "acme/lyon".parse().expect("a place");
        assert_eq!((place.client.as_str(), place.site.as_str()), ("acme", "lyon"));
        assert_eq!(place.to_string(), "acme/lyon");
        for bad in ["", "acme", "acme/", "/lyon", "acme/ly on", "acme/lyon/3"] {
            assert_eq!(bad.parse::<Place>(), Err(NoPlace), "{bad}");
        }
    }

    #[test]
    fn a_batch_and_a_view_say_the_same() {
        let known = Arc::new(Metadata { kind: Kind::Gauge, help: "Whether it runs.".to_owned(), unit: String::new() });
        let series = ForeignSeries {
            labels: vec![("__name__".to_owned(), "up".to_owned()), ("job".to_owned(), "a".to_owned())],
            samples: vec![(1, 1.0), (2, 0.0)],
            metadata: Some(Arc::clone(&known)),
            started_ms: None,
        };
        let family = Family { name: "up".to_owned(), metadata: known };
        let batch = Batch { series: vec![series], families: vec![family], left_out: LeftOut::default() };
        let mut writer = vigie_formats::remote_write::V1Writer::default();
        writer.series(&batch.series[0].labels, &batch.series[0].samples);
        writer.family("up", &batch.families[0].metadata);
        let (bytes, mut scratch) = (writer.finish().expect("a small body"), Vec::new());
        let version = vigie_formats::remote_write::RemoteWrite::V1;
        let view = version.decode(&bytes, &Limits::default(), &mut scratch).expect("what was just written");
        assert_eq!(told(Said::View(&view)), told(Said::Batch(&batch)));
        assert_eq!(Said::View(&view).samples(), 2);
    }

    fn told(said: Said<'_>) -> String {
        let mut told = String::new();
        said.each(|series| told += &format!("{series:?}\n"));
        said.each_family(|name, known| told += &format!("{name} {known:?}\n"));
        told
    }
}
