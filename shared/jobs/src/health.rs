//! How does one kind of work go: does it keep failing, is it late, and when did it last succeed?

use vigie_model::UtcMs;

use crate::{Entry, Happened, Job, JobKind, JobState};

/// How one kind of work goes, as far as its jobs are remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindHealth {
    /// Which kind.
    pub kind: JobKind,
    /// Tries of upkeep in a row that failed since it last succeeded.
    pub failures: u64,
    /// When the first of them did.
    pub failing_since: Option<UtcMs>,
    /// Why the last of them did.
    pub why: Option<String>,
    /// When upkeep of this kind last succeeded.
    pub last_done: Option<UtcMs>,
    /// Jobs of this kind, anybody's, that should have ended.
    pub late: usize,
    /// For how long the one that is the latest should have; 0 where none is.
    pub late_ms: i64,
}

impl KindHealth {
    /// Whether nothing fails and nothing is late.
    pub fn is_well(&self) -> bool {
        self.failures == 0 && self.late == 0
    }
}

impl JobKind {
    /// The kinds that come by themselves: nobody stands by and reads why one failed.
    pub const UPKEEP: [Self; 3] = [Self::Backup, Self::Erasure, Self::Retention];

    /// So long after its moment a job of this kind has ended, by all that is usual. A backup goes through all of the store, beside
    /// two other jobs.
    pub fn late_after_ms(self) -> i64 {
        const HOUR_MS: i64 = 3_600_000;
        match self {
            Self::Backup => 6 * HOUR_MS,
            Self::Erasure | Self::Retention => 2 * HOUR_MS,
            Self::Export => HOUR_MS,
            // It is tried for twelve hours.
            Self::Mail => 13 * HOUR_MS,
        }
    }
}

impl Job {
    /// Whether it comes by itself, or was asked for in place of what does.
    pub fn is_upkeep(&self) -> bool {
        match self.kind {
            JobKind::Erasure => true,
            JobKind::Backup | JobKind::Retention => self.order["by_plan"] == true,
            JobKind::Export | JobKind::Mail => false,
        }
    }
}

/// How one kind goes. What a person asked for and read the answer of counts for nothing but being late: a backup to a disk of
/// their own does not make one of the plan good.
pub fn health<'j>(jobs: impl Iterator<Item = &'j Job>, kind: JobKind, (runs_since, now): (UtcMs, UtcMs)) -> KindHealth {
    let of_kind: Vec<&Job> = jobs.filter(|job| job.kind == kind).collect();
    let upkeep: Vec<&Job> = of_kind.iter().copied().filter(|job| job.is_upkeep()).collect();
    // What was done by a clock that was ahead says nothing of now.
    let done = upkeep.iter().filter(|job| job.state(now) == JobState::Done && job.since() <= now);
    let last_done = done.map(|job| job.since()).max();
    let failing: Vec<(&Job, Vec<&Entry>)> =
        upkeep.iter().map(|job| (*job, failures_after(job, last_done, now))).collect();
    let entries = || failing.iter().flat_map(|(_, entries)| entries.iter());
    let late: Vec<i64> = of_kind.iter().filter_map(|job| job.late_ms(runs_since, now)).collect();
    KindHealth {
        kind,
        failures: failing.iter().map(|(job, entries)| counted(job, entries)).sum(),
        failing_since: entries().map(|entry| entry.at).min(),
        why: entries().max_by_key(|entry| entry.at).map(|entry| entry.text.clone()),
        last_done,
        late: late.len(),
        late_ms: late.into_iter().max().unwrap_or_default(),
    }
}

/// Where a job that is not done failed since the last one that is.
fn failures_after(job: &Job, last_done: Option<UtcMs>, now: UtcMs) -> Vec<&Entry> {
    if job.state(now) == JobState::Done {
        return Vec::new();
    }
    job.log.failures().filter(|entry| last_done.is_none_or(|done| entry.at > done)).collect()
}

/// How many they are, with those that are not remembered one by one.
fn counted(job: &Job, entries: &[&Entry]) -> u64 {
    if entries.len() == job.log.failures().count() { job.log.failed() } else { entries.len() as u64 }
}

impl Happened {
    pub(crate) fn is_failure(self) -> bool {
        match self {
            Self::Failed | Self::GivenUp => true,
            Self::Asked
            | Self::Began
            | Self::TakenUp
            | Self::CancelAsked
            | Self::Cancelled
            | Self::AskedAgain
            | Self::Hastened
            | Self::Done
            | Self::Removed => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Ended, JobId, JobWish, Priority};

    /// The program has run for as long as anybody knows.
    const EVER: UtcMs = UtcMs(i64::MIN);

    fn job(number: u8, kind: JobKind, order: Value) -> Job {
        let wish = JobWish {
            kind,
            priority: Priority::Low,
            client: None,
            what: String::new(),
            by: "plan".to_owned(),
            order,
            not_before: UtcMs(0),
        };
        Job::new(JobId::new(UtcMs(0), [0, 0, 0, 0, 0, number]), wish, UtcMs(0))
    }

    fn planned(number: u8) -> Job {
        job(number, JobKind::Backup, json!({ "by_plan": true }))
    }

    fn tried(job: &mut Job, at: i64, ended: Ended) {
        job.begin(UtcMs(at));
        job.end(ended, 0.0, UtcMs(at));
    }

    fn fails(job: &mut Job, at: i64, why: &str) {
        tried(job, at, Ended::Failed(why.to_owned()));
    }

    fn done(job: &mut Job, at: i64) {
        tried(job, at, Ended::Done(Value::Null, String::new()));
    }

    fn backups(jobs: &[Job], now: i64) -> KindHealth {
        health(jobs.iter(), JobKind::Backup, (EVER, UtcMs(now)))
    }

    #[test]
    fn failures_are_counted_over_jobs_until_one_succeeds() {
        let (mut first, mut given_up, mut next) = (planned(1), planned(2), planned(3));
        done(&mut first, 10);
        tried(&mut given_up, 20, Ended::Hopeless("no folder".to_owned()));
        fails(&mut next, 30, "no room");
        fails(&mut next, 40, "no room at all");
        let found = backups(&[first.clone(), given_up.clone(), next.clone()], 50);
        assert_eq!((found.failures, found.failing_since, found.last_done), (3, Some(UtcMs(20)), Some(UtcMs(10))));
        assert_eq!((found.why.as_deref(), found.is_well()), (Some("no room at all"), false));
        next.retry("ann", UtcMs(50)).expect("it waits");
        assert_eq!(backups(&[first.clone(), given_up.clone(), next.clone()], 55).failures, 3, "asking heals nothing");
        done(&mut next, 60);
        let found = backups(&[first, given_up, next], 70);
        assert!(found.is_well() && found.why.is_none() && found.last_done == Some(UtcMs(60)), "{found:?}");
    }

    #[test]
    fn what_somebody_asked_for_at_the_console_makes_upkeep_neither_good_nor_bad() {
        let by_hand = || job(9, JobKind::Backup, json!({ "to": "/mnt/stick" }));
        let (mut bad, mut good, mut plan) = (by_hand(), by_hand(), planned(1));
        tried(&mut bad, 10, Ended::Hopeless("no stick".to_owned()));
        assert!(backups(&[bad], 20).is_well());
        fails(&mut plan, 10, "no room");
        done(&mut good, 20);
        assert_eq!(backups(&[good, plan], 30).failures, 1);
        let mut export = job(2, JobKind::Export, Value::Null);
        fails(&mut export, 10, "no room");
        assert_eq!(health([&export].into_iter(), JobKind::Export, (EVER, UtcMs(20))).failures, 0);
    }

    #[test]
    fn of_what_is_never_given_up_each_failure_is_counted_after_its_entry_is_forgotten() {
        let mut erasure = job(1, JobKind::Erasure, Value::Null);
        (1..=500).for_each(|at| fails(&mut erasure, at, "the disk refuses"));
        let found = health([&erasure].into_iter(), JobKind::Erasure, (EVER, UtcMs(600)));
        assert_eq!((found.failures, found.failing_since), (500, Some(UtcMs(1))));
        // Another one's success was its own as well, and it failed again.
        let mut other = job(2, JobKind::Erasure, Value::Null);
        done(&mut other, 600);
        fails(&mut erasure, 700, "again");
        assert_eq!(health([&erasure, &other].into_iter(), JobKind::Erasure, (EVER, UtcMs(800))).failures, 1);
    }

    #[test]
    fn what_waits_or_runs_for_longer_than_usual_is_late_and_what_ended_is_not() {
        let limit = JobKind::Backup.late_after_ms();
        let (mut runs, waits, mut ended) = (planned(1), planned(2), planned(3));
        runs.begin(UtcMs(0));
        done(&mut ended, limit + 5);
        let jobs = [runs, waits, ended];
        let late = |now| (backups(&jobs, now).late, backups(&jobs, now).late_ms);
        assert_eq!((late(limit), late(limit + 7), late(-5)), ((0, 0), (2, 7), (0, 0)));
    }

    #[test]
    fn what_nobody_could_carry_out_while_the_program_did_not_run_is_not_late() {
        let (job, limit) = (planned(1), JobKind::Backup.late_after_ms());
        let late = |started: i64, now: i64| health([&job].into_iter(), JobKind::Backup, (UtcMs(started), UtcMs(now)));
        assert_eq!(late(9 * limit, 9 * limit + 5).late, 0, "it has just been started");
        assert_eq!((late(limit, 2 * limit).late, late(limit, 2 * limit + 7).late_ms), (0, 7));
    }

    #[test]
    fn a_success_by_a_clock_that_was_ahead_hides_no_failure() {
        let (mut ahead, mut plan) = (planned(1), planned(2));
        done(&mut ahead, 1_000_000);
        fails(&mut plan, 10, "no room");
        let found = backups(&[ahead, plan], 20);
        assert_eq!((found.failures, found.last_done), (1, None));
    }
}
