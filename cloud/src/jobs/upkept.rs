//! Does upkeep go well? Told to rules, to doctors and to who reads numbers, all from the jobs that are remembered: so that a
//! hub which is started again knows at once what failed before.

use std::sync::Arc;

use serde_json::{Value, json};
use vigie_jobs::{JobKind, KindHealth};
use vigie_query::{LabelSet, NAME};
use vigie_watch::presence::{UPKEEP_FAILURES, UPKEEP_LATE_SECONDS};

use super::Book;

/// How upkeep of this hub goes.
#[derive(Debug)]
pub(crate) struct Upkept {
    pub(crate) book: Arc<Book>,
    /// Whether there is a plan for backups. Where there is none no backup is missed.
    pub(crate) plans_backups: bool,
}

impl Upkept {
    /// How each kind of upkeep goes that this hub has.
    pub(crate) fn health(&self) -> Vec<KindHealth> {
        let kinds = JobKind::UPKEEP.into_iter().filter(|kind| self.plans_backups || *kind != JobKind::Backup);
        kinds.map(|kind| self.book.health(kind)).collect()
    }

    /// The same as series for rules: of what goes well too, so that an alert ends when it does.
    pub(crate) fn stated(&self) -> Vec<(Arc<LabelSet>, f64)> {
        let series = |name: &str, of: &KindHealth, value: f64| {
            (Arc::new(LabelSet::new([(NAME, name), ("upkeep", of.kind.as_str())])), value)
        };
        let each = self.health().into_iter().flat_map(|of| {
            let late_s = of.late_ms as f64 / 1_000.0;
            [series(UPKEEP_FAILURES, &of, of.failures as f64), series(UPKEEP_LATE_SECONDS, &of, late_s)]
        });
        each.collect()
    }

    /// The same for `status` and `doctor`.
    pub(crate) fn told(&self) -> Value {
        let each = self.health().into_iter().map(|of| {
            json!({ "kind": of.kind, "failures": of.failures, "failing_since_ms": of.failing_since, "why": of.why,
                "last_done_ms": of.last_done, "late": of.late, "late_ms": of.late_ms })
        });
        each.collect()
    }
}

#[cfg(test)]
mod tests {
    use vigie_jobs::{Ended, JobWish, Priority};
    use vigie_model::UtcMs;
    use vigie_node::NodeClock;
    use vigie_store::State;
    use vigie_store::fault::FaultDisk;

    use super::*;

    fn upkept(disk: &FaultDisk, plans_backups: bool) -> Upkept {
        let state = Arc::new(State::open_on(disk.clone()).expect("a state").0);
        Upkept { book: Arc::new(Book::open(state, NodeClock::new()).expect("a book")), plans_backups }
    }

    fn backup_fails(upkept: &Upkept, not_before: i64) {
        let wish = JobWish {
            kind: JobKind::Backup,
            priority: Priority::Low,
            client: None,
            what: "/var/backups".to_owned(),
            by: "plan".to_owned(),
            order: json!({ "by_plan": true }),
            not_before: UtcMs(not_before),
        };
        let id = upkept.book.add(wish).expect("kept").id;
        assert_eq!(upkept.book.begin_next().expect("kept").map(|job| job.id), Some(id.clone()));
        upkept.book.ended(&id, Ended::Hopeless("the disk is full".to_owned()), 0.0).expect("kept");
    }

    fn said(upkept: &Upkept, name: &str, upkeep: &str) -> Option<f64> {
        let is_it = |labels: &LabelSet| labels.get(NAME) == name && labels.get("upkeep") == upkeep;
        upkept.stated().into_iter().find(|(labels, _)| is_it(labels)).map(|(_, value)| value)
    }

    #[test]
    fn what_failed_before_a_kill_is_known_after_it_and_a_hub_without_a_plan_misses_no_backup() {
        let disk = FaultDisk::new();
        let hub = upkept(&disk, true);
        let now = NodeClock::new().now().utc.0;
        (0..3).for_each(|_| backup_fails(&hub, now));
        drop(hub);
        let disk = disk.power_cut(7);
        let hub = upkept(&disk, true);
        assert_eq!(said(&hub, UPKEEP_FAILURES, "backup"), Some(3.0));
        assert_eq!(
            (said(&hub, UPKEEP_FAILURES, "retention"), said(&hub, UPKEEP_LATE_SECONDS, "backup")),
            (Some(0.0), Some(0.0))
        );
        let told = hub.told();
        assert_eq!(
            (&told[0]["kind"], &told[0]["why"], &told[0]["last_done_ms"]),
            (&json!("backup"), &json!("the disk is full"), &Value::Null)
        );
        drop(hub);
        assert_eq!(said(&upkept(&disk.killed(), false), UPKEEP_FAILURES, "backup"), None);
    }

    #[test]
    fn what_was_due_while_the_hub_did_not_run_is_not_late_once_it_does() {
        let hub = upkept(&FaultDisk::new(), true);
        let wish = JobWish {
            kind: JobKind::Retention,
            priority: Priority::Low,
            client: None,
            what: String::new(),
            by: "plan".to_owned(),
            order: json!({ "by_plan": true }),
            not_before: UtcMs(NodeClock::new().now().utc.0 - JobKind::Retention.late_after_ms() - 60_000),
        };
        hub.book.add(wish).expect("kept");
        assert_eq!(said(&hub, UPKEEP_LATE_SECONDS, "retention"), Some(0.0));
        assert_eq!(said(&hub, UPKEEP_FAILURES, "retention"), Some(0.0));
    }
}
