//! What is an alert about?

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use vigie_model::{Doubt, NodeId, Severity, UtcMs};

use crate::said::cut_to;

/// Labels of one alert, those of its series and of its rule.
const MAX_LABELS: usize = 32;

/// Texts of one alert.
const MAX_ANNOTATIONS: usize = 8;

/// Bytes of one label's value.
const LABEL_BYTES: usize = 128;

/// Bytes of the rule's name.
const RULE_BYTES: usize = 128;

/// Bytes of all labels and texts: with the rest they fit in the value of one row.
const ALL_BYTES: usize = 3_000;

/// Which thing is wrong: a hash of the rule and of the labels it fires for, the same on every node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Thing(pub [u8; 16]);

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Who evaluates the rule: the relay of the site, or the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judge {
    /// The node.
    pub node: NodeId,
    /// Its name, for people.
    pub name: String,
}

/// What an alert is about, as its judge last wrote it. Nobody else writes this row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Which thing is wrong.
    pub thing: Thing,
    /// The rule's name.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// The labels it fires for, the rule's among them.
    pub labels: BTreeMap<String, String>,
    /// Texts for people.
    pub annotations: BTreeMap<String, String>,
    /// Who evaluates.
    pub judge: Judge,
    /// When it first fired.
    pub began: UtcMs,
    /// When it began the last time: what is told is told of each time.
    pub since: UtcMs,
    /// When it last began or ended.
    pub changed: UtcMs,
    /// When it ended, unless it still fires.
    pub ended: Option<UtcMs>,
    /// How often it has fired.
    pub times: u32,
    /// The value when that was written.
    pub value: f64,
    /// Why it can not be said whether it is still so.
    pub doubt: Option<Doubt>,
}

impl About {
    /// Cuts what is too long for a row: no machine's label may keep an alert from being raised.
    #[must_use]
    pub(crate) fn within_limits(mut self) -> Self {
        self.rule = cut_to(&self.rule, RULE_BYTES);
        self.judge.name = cut_to(&self.judge.name, LABEL_BYTES);
        let mut room = ALL_BYTES - RULE_BYTES - LABEL_BYTES;
        self.labels = fitting(self.labels, MAX_LABELS, LABEL_BYTES, &mut room);
        self.annotations = fitting(self.annotations, MAX_ANNOTATIONS, room, &mut room);
        self
    }
}

/// As many as fit, each cut to its own limit; in order, so that the same ones stay.
fn fitting(
    texts: BTreeMap<String, String>,
    count: usize,
    each_bytes: usize,
    room: &mut usize,
) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for (name, text) in texts.into_iter().take(count) {
        // Two lengths of at most two bytes each stand beside them.
        let left = room.saturating_sub(name.len() + 4);
        if left == 0 || name.len() > LABEL_BYTES {
            continue;
        }
        let text = cut_to(&text, each_bytes.min(left));
        *room = left - text.len();
        kept.insert(name, text);
    }
    kept
}
