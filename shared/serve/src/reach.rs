//! How do we know what a machine says: do we hear it, may we hear it, or can nobody know?
//!
//! The law of reachability as one function of what was heard and when. Knows nothing of health: what a machine
//! said and whether we still hear it are two axes.

use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::{UtcMs, silent_after_ms};

use crate::Stamp;

/// How we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reachability {
    /// The last sample is from within twice its interval and five seconds.
    Live,
    /// The way works, the newest sample is older: a backlog is draining or the link is slow.
    Late,
    /// The next node vouches that the machine does not answer.
    Silent,
    /// The relay itself is silent: everything behind it is unverified.
    Cut,
    /// The machine said goodbye and is not yet expected back.
    Asleep,
    /// Enrolled, never heard.
    Unseen,
    /// Archived by a person.
    Retired,
}

impl Reachability {
    /// Every state, for counters and tables.
    pub const ALL: [Self; 7] =
        [Self::Live, Self::Late, Self::Silent, Self::Cut, Self::Asleep, Self::Unseen, Self::Retired];

    /// The word of every state.
    pub const WORDS: [&'static str; 7] = ["live", "late", "silent", "cut", "asleep", "unseen", "retired"];

    /// The word used in labels and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Late => "late",
            Self::Silent => "silent",
            Self::Cut => "cut",
            Self::Asleep => "asleep",
            Self::Unseen => "unseen",
            Self::Retired => "retired",
        }
    }
}

/// A state and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reach {
    /// The state.
    pub state: Reachability,
    /// When what it rests on was last so: the newest sample for live and late, the last beat for silent and cut, the
    /// goodbye for asleep.
    pub since: Option<Stamp>,
}

/// What is known of a machine's voice. All times are true times by this node's best knowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// How often it measures.
    pub interval_ms: u64,
    /// When its newest sample here was measured.
    pub observed_at: Option<UtcMs>,
    /// When that sample came here.
    pub learnt_at: Option<UtcMs>,
    /// Its relay has told, by the hours they fold into, of ticks that are newer than any here.
    pub told_of: bool,
    /// The node that listens to the machine.
    pub listener: Listener,
    /// Its last goodbye, if any.
    pub goodbye: Option<Goodbye>,
    /// A person archived it.
    pub retired: bool,
}

/// Who listens to the machine, and when they heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// This node itself.
    Here {
        /// The machine's last frame of any kind.
        machine: Option<Beat>,
    },
    /// A relay, which tells this node. Of several relays, the one heard last.
    Relay {
        /// The relay's last frame of any kind.
        relay: Option<Beat>,
        /// When the relay last heard the machine, as the relay said. `None` when it does not say: then samples are all
        /// there is to go by.
        machine: Option<Beat>,
    },
}

/// When somebody was last heard, and how often they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beat {
    /// The last time.
    pub at: UtcMs,
    /// How often.
    pub every_ms: u64,
}

/// An announced absence: shutdown, reboot, update, suspend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goodbye {
    /// When it was said.
    pub at: UtcMs,
    /// When the machine meant to be back, if it said so.
    pub back_at: Option<UtcMs>,
}

/// What a sample may take on its way, on top of two intervals, and still be live.
const LIVE_GRACE_MS: u64 = 5_000;

/// Intervals after which a machine that nobody vouches for no longer counts as late.
const LATE_INTERVALS: u64 = 10;

/// For how long an absence is believed that was announced and said no time of return: a restart or an update takes minutes.
/// Who stays away for longer is silent, whatever they said.
pub const USUAL_ABSENCE_MS: i64 = 15 * 60_000;

/// How we know what this machine says, now.
pub fn reach(heard: &Heard, now: UtcMs) -> Reach {
    let sample = heard.newest_sample();
    let since = |state, at: Option<UtcMs>| Reach { state, since: at.map(Stamp) };
    if heard.retired {
        return since(Reachability::Retired, None);
    }
    if sample.is_none() && !heard.told_of && heard.machine_beat().is_none() && heard.goodbye.is_none() {
        return since(Reachability::Unseen, None);
    }
    // Planned before vouched before cut: an absence that was announced is not an alarm, until it lasts too long.
    if let Some(goodbye) = heard.goodbye.filter(|goodbye| heard.is_away(goodbye, now)) {
        return since(Reachability::Asleep, Some(goodbye.at));
    }
    // Before live: a slow machine's last sample may still be fresh by its own measure behind a relay that is gone.
    if let Listener::Relay { relay, .. } = heard.listener {
        match relay {
            None => return since(Reachability::Cut, sample),
            Some(relay) if relay.is_silent(now) => return since(Reachability::Cut, Some(relay.at)),
            Some(_) => {}
        }
    }
    match heard.machine_beat() {
        Some(machine) if machine.is_silent(now) => since(Reachability::Silent, Some(machine.at)),
        Some(_) if heard.is_live(now) => since(Reachability::Live, sample),
        Some(_) => since(Reachability::Late, sample),
        None if heard.is_live(now) => since(Reachability::Live, sample),
        None if heard.is_late(now) => since(Reachability::Late, sample),
        // A site that sends hours alone: the way works, and nobody has said that the machine does not answer.
        None if heard.told_of => since(Reachability::Late, sample),
        None => since(Reachability::Silent, sample),
    }
}

/// How we know of a site, from its relays' beats: one relay that is heard is enough. Of a site without relays, give the
/// beats of its agents.
pub fn reach_of_site(relays: impl IntoIterator<Item = Option<Beat>>, now: UtcMs) -> Reach {
    let newest = relays.into_iter().flatten().max_by_key(|beat| (!beat.is_silent(now), beat.at));
    match newest {
        None => Reach { state: Reachability::Unseen, since: None },
        Some(beat) if beat.is_silent(now) => Reach { state: Reachability::Cut, since: Some(Stamp(beat.at)) },
        Some(beat) => Reach { state: Reachability::Live, since: Some(Stamp(beat.at)) },
    }
}

impl Heard {
    /// A sample from the future is as old as its arrival: a wrong clock never makes anything look fresh.
    fn newest_sample(&self) -> Option<UtcMs> {
        let observed = self.observed_at?;
        Some(self.learnt_at.map_or(observed, |learnt| observed.min(learnt)))
    }

    fn machine_beat(&self) -> Option<Beat> {
        match self.listener {
            Listener::Here { machine } | Listener::Relay { machine, .. } => machine,
        }
    }

    fn is_live(&self, now: UtcMs) -> bool {
        self.sample_is_within(2 * self.interval_ms + LIVE_GRACE_MS, now)
    }

    fn is_late(&self, now: UtcMs) -> bool {
        // Where ten intervals are less than what is still live, live already said yes.
        self.sample_is_within(LATE_INTERVALS * self.interval_ms, now)
    }

    fn sample_is_within(&self, ms: u64, now: UtcMs) -> bool {
        self.newest_sample().is_some_and(|at| age_ms(at, now) <= ms)
    }

    /// Away as announced: nothing was heard after the goodbye, and the time it gave itself is not over.
    fn is_away(&self, goodbye: &Goodbye, now: UtcMs) -> bool {
        let heard_since = self.newest_sample().is_some_and(|at| at > goodbye.at)
            || self.machine_beat().is_some_and(|beat| beat.at > goodbye.at);
        let expected = goodbye.back_at.is_none_or(|back| now.0 <= back.0.saturating_add(LIVE_GRACE_MS.cast_signed()));
        !heard_since && expected
    }
}

impl Beat {
    fn is_silent(self, now: UtcMs) -> bool {
        age_ms(self.at, now) > silent_after_ms(self.every_ms)
    }
}

fn age_ms(at: UtcMs, now: UtcMs) -> u64 {
    u64::try_from(now.0.saturating_sub(at.0)).unwrap_or(0)
}
