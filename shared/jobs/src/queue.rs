//! Which of many jobs is begun now, when is the next, and which need not be remembered?

use std::collections::BTreeMap;

use vigie_model::{Slug, UtcMs};

use crate::{Job, JobId, JobKind};

/// Jobs under way at once, of all kinds together that go through stores: a hub has two cores, and samples come first.
pub const AT_ONCE: usize = 3;

/// For how long it is remembered what became of a job.
pub const KEEP_ENDED_MS: i64 = 30 * 86_400_000;

/// Jobs that have ended, of one kind and one client: retention each hour is remembered for four days.
pub const ENDED_KEPT: usize = 100;

/// The job that is begun now, if any: what comes first by its priority, then what waited longest; of each kind no more than may
/// be at once.
pub fn next<'j>(jobs: impl Iterator<Item = &'j Job> + Clone, now: UtcMs) -> Option<&'j JobId> {
    let mut running: BTreeMap<JobKind, usize> = BTreeMap::new();
    jobs.clone().filter(|job| job.is_running()).for_each(|job| *running.entry(job.kind).or_default() += 1);
    let heavy: usize = running.iter().filter(|(kind, _)| kind.weighs()).map(|(_, count)| count).sum();
    let has_room = |kind: JobKind| {
        let own = running.get(&kind).copied().unwrap_or_default();
        own < kind.at_once() && (heavy < AT_ONCE || !kind.weighs())
    };
    let due = jobs.filter(|job| job.is_due(now) && has_room(job.kind));
    due.min_by_key(|job| (job.priority, job.next_at(), &job.id)).map(|job| &job.id)
}

/// When the next one has to be looked for, if none is due now.
pub fn wake_at<'j>(jobs: impl Iterator<Item = &'j Job>, now: UtcMs) -> Option<UtcMs> {
    jobs.filter(|job| !job.is_due(now)).filter_map(Job::next_at).min()
}

/// The jobs that need not be remembered any more: long over, or too many of one kind and client.
pub fn over<'j>(jobs: impl Iterator<Item = &'j Job>, now: UtcMs) -> Vec<JobId> {
    let mut ended: BTreeMap<(JobKind, Option<&Slug>), Vec<&Job>> = BTreeMap::new();
    jobs.filter(|job| !job.is_open())
        .for_each(|job| ended.entry((job.kind, job.client.as_ref())).or_default().push(job));
    let mut over = Vec::new();
    for mut jobs in ended.into_values() {
        jobs.sort_by_key(|job| std::cmp::Reverse((job.since(), &job.id)));
        let is_old = |job: &Job| now.0.saturating_sub(job.since().0) > KEEP_ENDED_MS;
        let gone = jobs.iter().enumerate().filter(|(at, job)| *at >= ENDED_KEPT || is_old(job));
        over.extend(gone.map(|(_, job)| job.id.clone()));
    }
    over
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{Ended, JobWish, Priority};

    fn job(number: u8, kind: JobKind, priority: Priority, not_before: i64) -> Job {
        let wish = JobWish {
            kind,
            priority,
            client: None,
            what: String::new(),
            by: "plan".to_owned(),
            order: Value::Null,
            not_before: UtcMs(not_before),
        };
        Job::new(JobId::new(UtcMs(0), [0, 0, 0, 0, 0, number]), wish, UtcMs(0))
    }

    fn begin_all(jobs: &mut [Job], now: i64) -> Vec<usize> {
        let mut begun = Vec::new();
        while let Some(id) = next(jobs.iter(), UtcMs(now)).cloned() {
            let at = jobs.iter().position(|job| job.id == id).expect("one of them");
            jobs[at].begin(UtcMs(now));
            begun.push(at);
        }
        begun
    }

    #[test]
    fn what_comes_first_is_begun_first_and_of_each_kind_no_more_than_may_be_at_once() {
        let mut jobs = [
            job(1, JobKind::Retention, Priority::Low, 0),
            job(2, JobKind::Export, Priority::Usual, 5),
            job(3, JobKind::Export, Priority::Usual, 4),
            job(4, JobKind::Export, Priority::Usual, 6),
            job(5, JobKind::Erasure, Priority::Urgent, 9),
            job(6, JobKind::Backup, Priority::Usual, 100),
        ];
        assert_eq!(begin_all(&mut jobs, 10), [4, 2, 1], "no more than {AT_ONCE} of all");
        jobs[4].end(Ended::Done(Value::Null, String::new()), 0.0, UtcMs(11));
        assert_eq!(begin_all(&mut jobs, 11), [0], "a third export waits, upkeep does not");
        jobs[0].end(Ended::Done(Value::Null, String::new()), 0.0, UtcMs(12));
        assert_eq!((begin_all(&mut jobs, 12), wake_at(jobs.iter(), UtcMs(12))), (vec![], Some(UtcMs(100))));
        assert_eq!(begin_all(&mut jobs, 100), [5]);
    }

    #[test]
    fn a_letter_waits_for_no_work_that_goes_through_the_store() {
        let mut jobs = [
            job(1, JobKind::Erasure, Priority::Urgent, 0),
            job(2, JobKind::Export, Priority::Usual, 0),
            job(3, JobKind::Export, Priority::Usual, 0),
            job(4, JobKind::Mail, Priority::Usual, 9),
            job(5, JobKind::Backup, Priority::Usual, 9),
        ];
        assert_eq!(begin_all(&mut jobs, 10), [0, 1, 2, 3], "the backup waits");
        let mut letters: Vec<Job> = (0..9).map(|n| job(n, JobKind::Mail, Priority::Usual, 0)).collect();
        assert_eq!(begin_all(&mut letters, 10).len(), JobKind::Mail.at_once());
        jobs[1].end(Ended::Done(Value::Null, String::new()), 0.0, UtcMs(11));
        assert_eq!(begin_all(&mut jobs, 11), [4], "letters take no room from it");
    }

    #[test]
    fn what_is_long_over_is_forgotten_and_what_is_open_never() {
        let mut jobs: Vec<Job> = (0..=150).map(|n| job(n, JobKind::Retention, Priority::Low, 0)).collect();
        for (at, job) in jobs.iter_mut().enumerate().skip(1) {
            job.begin(UtcMs(at as i64));
            job.end(Ended::Done(Value::Null, String::new()), 0.0, UtcMs(at as i64));
        }
        let gone = over(jobs.iter(), UtcMs(1_000));
        assert_eq!(gone.len(), 50);
        assert!(gone.iter().all(|id| jobs[1..=50].iter().any(|job| job.id == *id)), "the oldest go");
        let gone = over(jobs.iter(), UtcMs(KEEP_ENDED_MS * 2));
        assert!(gone.len() == 150 && !gone.contains(&jobs[0].id));
    }
}
