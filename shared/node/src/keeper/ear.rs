//! Who hears first what became of a stream: before whoever had something kept is answered.

use std::fmt;
use std::sync::{Arc, OnceLock};

use vigie_model::StreamId;
use vigie_sync::keep::StreamFacts;

type Hear = Box<dyn Fn(StreamId, &Arc<StreamFacts>) + Send + Sync>;

/// An ear on the store's own thread. By the loop the same is heard later, when somebody may already have asked for what he
/// was told to be kept.
#[derive(Default)]
pub(crate) struct FirstEar(OnceLock<Hear>);

impl FirstEar {
    /// Says who listens; said again, the first stands.
    pub(crate) fn is(&self, hear: Hear) {
        drop(self.0.set(hear));
    }

    /// The log is held by nobody here while this is told.
    pub(super) fn hears(&self, stream: StreamId, facts: &Arc<StreamFacts>) {
        if let Some(hear) = self.0.get() {
            hear(stream, facts);
        }
    }
}

impl fmt::Debug for FirstEar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() { "FirstEar(listens)" } else { "FirstEar(nobody)" })
    }
}
