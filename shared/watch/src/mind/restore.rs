//! How does a rule go on after its node was restarted?

use std::collections::HashMap;
use std::sync::Arc;

use vigie_query::{LabelSet, Matcher, NAME, Selection, Source, SourceError, Visit};

use super::alerts::FOR_STATE;
use super::plan::PlanKind;
use super::{Instance, Mind, Phase, RuleKey, STALE_NAN, Transition};

/// Prometheus' own: an alert is taken up again if it was written down within the last hour.
pub const OUTAGE_TOLERANCE_MS: i64 = 3_600_000;

/// Prometheus' own: after a restart an alert waits at least so long before it fires, if its `for` is as long.
pub const FOR_GRACE_MS: i64 = 600_000;

/// An alert as it was written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// Whose.
    pub rule: RuleKey,
    /// As it was.
    pub instance: Instance,
    /// When its rule was last worked out, in ms since 1970.
    pub at_ms: i64,
}

impl Mind {
    /// Everything to be written down.
    pub fn saved(&self) -> Vec<Saved> {
        let mut saved = Vec::new();
        for group in &self.groups {
            let Some(at_ms) = group.last_ms else { continue };
            for rule in &group.rules {
                let save =
                    |instance: &Instance| Saved { rule: rule.plan.key.clone(), instance: instance.clone(), at_ms };
                saved.extend(rule.instances.values().map(save));
            }
        }
        saved
    }

    /// Takes up what was written down, before the first evaluation. What fires goes on firing and is not told again; the
    /// `for` of what is pending goes on where it stopped; nothing resolves before its machine had time to be heard.
    ///
    /// What belongs to a rule that is no more is ended.
    pub fn restore(&mut self, saved: Vec<Saved>, now_ms: i64) -> Vec<Transition> {
        let mut ended = Vec::new();
        for Saved { rule: key, instance, at_ms } in saved {
            let group = self.groups.iter_mut().find_map(|group| {
                let at = group.rules.iter().position(|rule| rule.plan.key == key && rule.is_alerting())?;
                Some((group, at))
            });
            let Some((group, at)) = group else {
                ended.push(instance.transition(&key, instance.phase, Phase::Inactive, now_ms));
                continue;
            };
            group.last_ms = Some(group.last_ms.map_or(at_ms, |last| last.max(at_ms)));
            // However short the stop was, nobody has been heard since.
            group.woke_ms = Some(now_ms);
            group.rules[at].instances.insert(instance.labels.clone(), instance);
        }
        ended
    }

    /// Rules that take the place of these: alerts of rules that are still there go on.
    pub fn replaced_by(self, mut new: Self, now_ms: i64) -> (Self, Vec<Transition>) {
        let woke: HashMap<Arc<str>, Option<i64>> = self.woke_by_group();
        let ended = new.restore(self.saved(), now_ms);
        for group in &mut new.groups {
            let name = group.rules.first().map(|rule| rule.plan.key.group.clone());
            // The node was awake all the while.
            group.woke_ms = name.and_then(|name| woke.get(&name).copied()).unwrap_or(None);
        }
        (new, ended)
    }

    fn woke_by_group(&self) -> HashMap<Arc<str>, Option<i64>> {
        let name = |group: &super::LiveGroup| group.rules.first().map(|rule| rule.plan.key.group.clone());
        self.groups.iter().filter_map(|group| Some((name(group)?, group.woke_ms))).collect()
    }

    /// Prometheus' own way, where nothing but the series `ALERTS_FOR_STATE` was written down: called after the first
    /// evaluation, it moves back the beginning of what is pending.
    ///
    /// # Errors
    /// When the storage fails; the alerts then wait for all of their `for`.
    pub fn restore_from_series(&mut self, source: &dyn Source, now_ms: i64) -> Result<(), SourceError> {
        let matchers = [Matcher::equal(NAME, FOR_STATE)];
        let selection = Selection::new(&matchers, now_ms.saturating_sub(OUTAGE_TOLERANCE_MS), now_ms - 1);
        let mut known: HashMap<Arc<LabelSet>, (i64, f64)> = HashMap::new();
        source.select(&selection, &self.settings.limits, &mut |piece| {
            if let (Some(at), Some(value)) = (piece.timestamps_ms.last(), piece.values.last()) {
                let newest = known.entry(piece.labels.clone()).or_insert((*at, *value));
                if *at >= newest.0 {
                    *newest = (*at, *value);
                }
            }
            Visit::Continue(())
        })?;
        for rule in self.groups.iter_mut().flat_map(|group| &mut group.rules) {
            let PlanKind::Alerting(alert) = &rule.plan.kind else { continue };
            if alert.for_ms < FOR_GRACE_MS {
                continue;
            }
            for instance in rule.instances.values_mut() {
                let labels = LabelSet::new(std::iter::once((NAME, FOR_STATE)).chain(instance.labels.iter()));
                if let Some(written) = known.get(&labels) {
                    instance.active_at_ms = begun(*written, alert.for_ms, now_ms).unwrap_or(instance.active_at_ms);
                }
            }
        }
        Ok(())
    }
}

/// Since when an alert holds that was written down at a moment; nothing where it had ended then.
fn begun((down_at_ms, value): (i64, f64), for_ms: i64, now_ms: i64) -> Option<i64> {
    if value.to_bits() == STALE_NAN.to_bits() {
        return None;
    }
    // Prometheus counts both in whole seconds.
    let (down_at_ms, began_ms) = (down_at_ms.div_euclid(1000) * 1000, value as i64 * 1000);
    let left_ms = for_ms - (down_at_ms - began_ms);
    Some(match left_ms {
        // It fired, and will again at the next evaluation.
        left_ms if left_ms <= 0 => began_ms,
        left_ms if left_ms < FOR_GRACE_MS => now_ms + FOR_GRACE_MS - for_ms,
        _ => began_ms + (now_ms - down_at_ms),
    })
}

impl super::LiveRule {
    pub(super) fn is_alerting(&self) -> bool {
        matches!(self.plan.kind, PlanKind::Alerting(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn time_during_which_nobody_watched_counts_for_no_for() {
        let (hour, down_at) = (60 * MINUTE, 100 * MINUTE);
        let began = (80 * 60) as f64;
        assert_eq!(begun((down_at, began), hour, 130 * MINUTE), Some(110 * MINUTE), "20 minutes are done");
        assert_eq!(begun((down_at, began), 15 * MINUTE, 130 * MINUTE), Some(80 * MINUTE), "it fired");
        assert_eq!(begun((down_at, began), 25 * MINUTE, 130 * MINUTE), Some(115 * MINUTE), "ten minutes to be heard");
        assert_eq!(begun((down_at, STALE_NAN), hour, 130 * MINUTE), None, "it had ended");
    }
}
