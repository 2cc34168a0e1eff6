//! How does the work that a hub has to do besides go, in numbers for Prometheus?

use std::collections::BTreeMap;

use vigie_jobs::{Job, JobKind, JobState, KindHealth};
use vigie_model::UtcMs;

use crate::{Exposition, Jobs};

/// Writes how many jobs stand how, and whether upkeep goes well. `times`: since when this program runs, and now.
pub(crate) fn write_metrics(jobs: &dyn Jobs, times: (UtcMs, UtcMs), out: &mut Exposition) {
    write_standing(&jobs.list(), times, out);
    write_upkeep(&jobs.upkeep(), out);
}

fn write_standing(jobs: &[Job], (runs_since, now): (UtcMs, UtcMs), out: &mut Exposition) {
    let mut counts: BTreeMap<(JobKind, JobState), u32> = BTreeMap::new();
    let mut late: BTreeMap<JobKind, u32> = BTreeMap::new();
    for job in jobs {
        *counts.entry((job.kind, job.state(now))).or_default() += 1;
        *late.entry(job.kind).or_default() += u32::from(job.late_ms(runs_since, now).is_some());
    }
    let help = "Jobs that are remembered, by kind and by how they stand: dead are those that were given up.";
    let mut family = out.gauge("vigie_hub_jobs", help);
    for kind in JobKind::ALL {
        for state in JobState::ALL {
            let count = counts.get(&(kind, state)).copied().unwrap_or_default();
            family = family.with(&[("kind", kind.as_str()), ("state", state.as_str())], f64::from(count));
        }
    }
    let mut family = out.gauge("vigie_hub_jobs_late", "Jobs that should have ended, by kind.");
    for kind in JobKind::ALL {
        let count = late.get(&kind).copied().unwrap_or_default();
        family = family.with(&[("kind", kind.as_str())], f64::from(count));
    }
}

fn write_upkeep(upkeep: &[KindHealth], out: &mut Exposition) {
    let help = "Tries of upkeep in a row that failed since it last succeeded, by kind.";
    let mut family = out.gauge("vigie_hub_upkeep_failures", help);
    for of in upkeep {
        family = family.with(&[("kind", of.kind.as_str())], of.failures as f64);
    }
    let help = "When upkeep last succeeded, by kind; missing where no success is remembered.";
    let mut family = out.gauge("vigie_hub_upkeep_last_success_timestamp_seconds", help);
    for (of, done) in upkeep.iter().filter_map(|of| Some((of, of.last_done?))) {
        family = family.with(&[("kind", of.kind.as_str())], done.0 as f64 / 1_000.0);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vigie_jobs::{Ended, JobId, JobWish, Priority, health};

    use super::*;

    #[test]
    fn backups_that_keep_failing_and_work_that_is_late_are_told_by_kind() {
        let wish = |kind| JobWish {
            kind,
            priority: Priority::Low,
            client: None,
            what: String::new(),
            by: "plan".to_owned(),
            order: json!({ "by_plan": true }),
            not_before: UtcMs(0),
        };
        let mut backup = Job::new(JobId::new(UtcMs(0), [1; 6]), wish(JobKind::Backup), UtcMs(0));
        for at in 1..=4 {
            backup.begin(UtcMs(at));
            backup.end(Ended::Failed("no room".to_owned()), 0.0, UtcMs(at));
        }
        let mut done = Job::new(JobId::new(UtcMs(0), [2; 6]), wish(JobKind::Retention), UtcMs(0));
        done.begin(UtcMs(500));
        done.end(Ended::Done(json!(null), String::new()), 0.0, UtcMs(1_500));
        let waits = Job::new(JobId::new(UtcMs(0), [3; 6]), wish(JobKind::Retention), UtcMs(0));
        let (jobs, now) = ([backup, done, waits], UtcMs(JobKind::Retention.late_after_ms() + 1));
        let times = (UtcMs(0), now);
        let mut out = Exposition::default();
        write_standing(&jobs, times, &mut out);
        write_upkeep(&JobKind::UPKEEP.map(|kind| health(jobs.iter(), kind, times)), &mut out);
        let text = out.into_text();
        for line in [
            "vigie_hub_jobs{kind=\"backup\",state=\"retrying\"} 1",
            "vigie_hub_jobs{kind=\"backup\",state=\"dead\"} 0",
            "vigie_hub_jobs{kind=\"retention\",state=\"done\"} 1",
            "vigie_hub_jobs_late{kind=\"retention\"} 1",
            "vigie_hub_jobs_late{kind=\"backup\"} 0",
            "vigie_hub_upkeep_failures{kind=\"backup\"} 4",
            "vigie_hub_upkeep_failures{kind=\"retention\"} 0",
            "vigie_hub_upkeep_last_success_timestamp_seconds{kind=\"retention\"} 1.5",
        ] {
            assert!(text.contains(&format!("\n{line}\n")), "{line} is not in {text}");
        }
        assert!(!text.contains("last_success_timestamp_seconds{kind=\"backup\"}"), "none is known");
    }
}
