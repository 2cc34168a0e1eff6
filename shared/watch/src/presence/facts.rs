//! What is a node told about who is there?

use std::sync::Arc;

/// Where this node stands, which decides what its silence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Post {
    /// On the machines' own network: whom it does not hear does not answer.
    Relay,
    /// Far away: whom it does not hear may only be behind a cut.
    Hub,
}

/// How long silence is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// After so long without a beat a node is not heard any more.
    ///
    /// Whoever is heard seldom by its link is waited for longer: see [`Timing::silent_after_ms`].
    pub silent_after_ms: i64,
    /// Newest samples older than this are late: twice the fast interval and 5 s.
    pub late_after_ms: i64,
    /// How long past its time an announced return is waited for.
    pub return_grace_ms: i64,
    /// How often this node is asked at least. A pause of three times that means that it did not run itself.
    pub look_every_ms: i64,
}

impl Timing {
    /// After how long without a beat a node is not heard any more that is sure to be heard so often: as everywhere else
    /// where somebody is said to be gone.
    pub fn silent_after_ms(&self, beat_ms: i64) -> i64 {
        let beat_ms = beat_ms.max(0).unsigned_abs();
        if beat_ms <= vigie_model::USUAL_BEAT_MS {
            self.silent_after_ms
        } else {
            self.silent_after_ms.max(vigie_model::silent_after_ms(beat_ms).cast_signed())
        }
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            silent_after_ms: vigie_model::SILENT_AFTER_MS.cast_signed(),
            late_after_ms: 25_000,
            return_grace_ms: 5_000,
            look_every_ms: 2_000,
        }
    }
}

/// One beat of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// Who.
    pub machine: Arc<str>,
    /// The relay that passed it on; none where this node heard it itself.
    pub by: Option<Arc<str>>,
    /// How old its newest sample here is, in ms.
    pub sample_age_ms: i64,
}

/// Something that was learnt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A machine belongs to a site of a client: `client/site`.
    Enrolled {
        /// Which.
        machine: Arc<str>,
        /// Where.
        site: Arc<str>,
    },
    /// A machine was heard in an earlier life of this node: after a restart its silence counts as anybody's.
    Remembered(Arc<str>),
    /// A relay was heard in an earlier life of this node.
    RememberedRelay(Arc<str>),
    /// A machine is no more.
    Retired(Arc<str>),
    /// A relay is no more.
    RetiredRelay(Arc<str>),
    /// A relay serves a site.
    Relay {
        /// Which.
        relay: Arc<str>,
        /// Where.
        site: Arc<str>,
    },
    /// How often a machine or relay is sure to be heard, by the link that it was last heard on.
    Beats {
        /// Which.
        of: Arc<str>,
        /// Each so many ms.
        every_ms: i64,
    },
    /// A machine was heard.
    Heard(Beat),
    /// A relay was heard.
    HeardRelay(Arc<str>),
    /// A relay says whether a machine answers it: only whoever stands beside it can say so. What it said may have been
    /// written down long ago: that it is heard itself is another fact.
    Vouched {
        /// Who says so.
        relay: Arc<str>,
        /// Of whom.
        machine: Arc<str>,
        /// What.
        answers: bool,
    },
    /// Whether another relay of the site has heard a machine later than this one: then its silence here says nothing.
    Elsewhere {
        /// Which.
        machine: Arc<str>,
        /// Whether it is so.
        is_there: bool,
    },
    /// A machine announced that it will be away.
    Goodbye {
        /// Which.
        machine: Arc<str>,
        /// In how many ms it means to be back.
        back_in_ms: i64,
    },
    /// A relay announced that it will be away: a restart, an update.
    RelayGoodbye {
        /// Which.
        relay: Arc<str>,
        /// In how many ms it means to be back.
        back_in_ms: i64,
    },
    /// Whether this node's own network works, as far as it can tell: an interface has its carrier.
    OwnNetwork(bool),
}
