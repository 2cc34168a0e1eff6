//! What of the rules' findings is worth saying?
//!
//! An alert that comes and goes says so once, and stays open until it is calm: neither page nor people hear each time. What
//! a machine's silence brings with it is not said beside the silence.

use std::collections::{BTreeMap, HashMap, HashSet};

use vigie_alerts::Heard as Judged;
use vigie_query::LabelSet;
use vigie_watch::{Fingerprint, Flaps, Mind, PRESENCE_LABEL, Phase, Transition};

use crate::seats::origin;

/// The annotation of an alert that flaps.
pub(crate) const FLAPPING_ANNOTATION: &str = "vigie_flapping";

/// How long after a machine answers again what its silence brought with it is still not said: its series of the medium tier
/// come each minute.
const SETTLE_MS: i64 = 90_000;

/// When each rule of a group was last worked out.
type WorkedOut = BTreeMap<(String, String), i64>;

/// Which alerts flap, and which stand behind another. All times are of the clock that only goes forward.
#[derive(Debug, Default)]
pub(crate) struct Steady {
    flaps: Flaps,
    /// Alerts that flap and do not fire now: they end when they are calm.
    held: HashMap<Fingerprint, Transition>,
    /// Alerts that fire because their machine does not answer, and when that was last so.
    behind: HashMap<Fingerprint, i64>,
}

impl Steady {
    /// Takes in what changed, and gives what is over: what ended and does not flap, and what flapped and is calm.
    pub(crate) fn ended(&mut self, transitions: Vec<Transition>, now_ms: i64) -> Vec<Transition> {
        let mut over = Vec::new();
        for one in transitions {
            let fires = one.to.is_firing();
            let flaps = fires != one.from.is_firing() && self.flaps.note(one.fingerprint, fires, now_ms);
            if fires {
                self.held.remove(&one.fingerprint);
            } else if flaps {
                self.held.insert(one.fingerprint, one);
            } else if one.to == Phase::Inactive {
                over.push(one);
            }
        }
        let flaps = &self.flaps;
        over.extend(self.held.extract_if(|it, _| !flaps.is_flapping(*it, now_ms)).map(|(_, one)| one));
        self.flaps.tidy(now_ms);
        over
    }

    /// Alerts that are held open although they do not fire.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Transition> {
        self.held.values()
    }

    /// Lets go of what is judged here no longer.
    pub(crate) fn forget(&mut self, is_gone: impl Fn(&LabelSet) -> bool) {
        self.held.retain(|_, one| !is_gone(&one.labels));
    }

    /// Says of a verdict that its alert flaps, if it does.
    pub(crate) fn mark(&self, judged: &mut Judged, fingerprint: Fingerprint, now_ms: i64) {
        if !self.flaps.is_flapping(fingerprint, now_ms) {
            return;
        }
        let name = judged.rule.clone();
        let mut add = |annotation: &str, text: &str| {
            let said = judged.annotations.entry(annotation.to_owned()).or_insert_with(|| name.clone());
            said.push_str(text);
        };
        add("summary", " (comes and goes; nothing more is said until it is calm)");
        add("summary_fr", " (va et vient ; plus rien n'est dit jusqu'au calme)");
        judged.annotations.insert(FLAPPING_ANNOTATION.to_owned(), "yes".to_owned());
    }

    /// Alerts that fire and are not to be raised: their machine does not answer, or has just begun to again.
    pub(crate) fn withheld(&mut self, mind: &Mind, worked_out: &WorkedOut, now_ms: i64) -> HashSet<Fingerprint> {
        let firing = || mind.instances().filter(|(_, instance)| instance.phase.is_firing());
        let is_silence = |labels: &LabelSet| labels.get(PRESENCE_LABEL) == "machine";
        let silent: HashSet<&str> = firing()
            .filter(|(_, instance)| is_silence(&instance.labels))
            .map(|(_, instance)| instance.labels.get("machine_id"))
            .filter(|id| !id.is_empty())
            .collect();
        if silent.is_empty() && self.behind.is_empty() {
            return HashSet::new();
        }
        let mut withheld = HashSet::new();
        for (rule, instance) in firing().filter(|(_, instance)| instance.labels.get(PRESENCE_LABEL).is_empty()) {
            let it = instance.fingerprint;
            if silent.contains(instance.labels.get("machine_id")) {
                self.behind.insert(it, now_ms);
            }
            let at = worked_out.get(&(origin(&rule.group).to_owned(), rule.rule.to_string())).copied();
            if self.behind.get(&it).is_some_and(|last| at.is_none_or(|at| at < last.saturating_add(SETTLE_MS))) {
                withheld.insert(it);
            }
        }
        self.behind.retain(|it, _| withheld.contains(it));
        withheld
    }
}
