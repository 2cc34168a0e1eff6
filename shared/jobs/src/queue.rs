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
/// be at once. Of one kind clients take turns: who was not served for longest comes first, so that nobody waits behind all that
/// somebody else asked for.
pub fn next<'j>(jobs: impl Iterator<Item = &'j Job> + Clone, now: UtcMs) -> Option<&'j JobId> {
    let room = Room::beside(jobs.clone().filter(|job| job.is_running()));
    let due = || jobs.clone().filter(|job| job.is_due(now) && room.has(job));
    let first = due().min_by_key(|job| (job.priority, job.next_at(), &job.id))?;
    let served = served(jobs.clone().filter(|job| job.kind == first.kind));
    let alike = due().filter(|job| (job.kind, job.priority) == (first.kind, first.priority));
    alike.min_by_key(|job| (served.get(&job.client.as_ref()), job.next_at(), &job.id)).map(|job| &job.id)
}

/// When each client was last served; those who never were stand in none, and so before all others.
fn served<'j>(jobs: impl Iterator<Item = &'j Job>) -> BTreeMap<Option<&'j Slug>, UtcMs> {
    let mut served: BTreeMap<Option<&Slug>, UtcMs> = BTreeMap::new();
    for job in jobs {
        if let Some(at) = job.began_at() {
            let last = served.entry(job.client.as_ref()).or_insert(at);
            *last = at.max(*last);
        }
    }
    served
}

/// What is under way, and so what room there is.
#[derive(Default)]
struct Room<'j> {
    of_kind: BTreeMap<JobKind, usize>,
    of_client: BTreeMap<(JobKind, Option<&'j Slug>), usize>,
    again: BTreeMap<JobKind, usize>,
    heavy: usize,
}

impl<'j> Room<'j> {
    fn beside(running: impl Iterator<Item = &'j Job>) -> Self {
        let mut room = Self::default();
        for job in running {
            *room.of_kind.entry(job.kind).or_default() += 1;
            *room.of_client.entry((job.kind, job.client.as_ref())).or_default() += 1;
            *room.again.entry(job.kind).or_default() += usize::from(job.tries > 1);
            room.heavy += usize::from(job.kind.weighs());
        }
        room
    }

    fn has(&self, job: &Job) -> bool {
        let kind = job.kind;
        let free = kind.at_once().saturating_sub(self.of_kind.get(&kind).copied().unwrap_or_default());
        if kind.weighs() {
            return free > 0 && self.heavy < AT_ONCE;
        }
        // Somebody outside may keep each of them for minutes: nobody has more than is left free for all others, and what was tried
        // before leaves half to what never was.
        let own = self.of_client.get(&(kind, job.client.as_ref())).copied().unwrap_or_default();
        let again = self.again.get(&kind).copied().unwrap_or_default();
        own < free && (job.tries == 0 || again < kind.at_once() / 2)
    }
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

/// What has ended and is forgotten first where there is no room for all: the oldest of whoever has most of a kind. Never
/// upkeep, by which it is known how it goes, nor an export whose file is still kept.
pub fn forgotten_first<'j>(jobs: impl Iterator<Item = &'j Job>) -> Option<&'j JobId> {
    let mut ended: BTreeMap<(JobKind, Option<&Slug>), Vec<&Job>> = BTreeMap::new();
    let has_file = |job: &Job| job.kind == JobKind::Export && !job.given.is_null();
    jobs.filter(|job| !job.is_open() && !job.is_upkeep() && !has_file(job))
        .for_each(|job| ended.entry((job.kind, job.client.as_ref())).or_default().push(job));
    let most = ended.into_values().max_by_key(Vec::len)?;
    most.into_iter().min_by_key(|job| (job.since(), &job.id)).map(|job| &job.id)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{Ended, JobWish, Priority};

    fn job(number: u8, kind: JobKind, priority: Priority, not_before: i64) -> Job {
        job_of(None, number, kind, priority, not_before)
    }

    fn job_of(client: Option<&str>, number: u8, kind: JobKind, priority: Priority, not_before: i64) -> Job {
        let wish = JobWish {
            kind,
            priority,
            client: client.map(|client| client.parse().expect("a name")),
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
        assert_eq!(begin_all(&mut letters, 10).len(), JobKind::Mail.at_once() / 2, "the rest is for other clients");
        jobs[1].end(Ended::Done(Value::Null, String::new()), 0.0, UtcMs(11));
        assert_eq!(begin_all(&mut jobs, 11), [4], "letters take no room from it");
    }

    #[test]
    fn whoever_has_much_written_keeps_nobody_else_from_being_written_to() {
        let of = |client, number| job_of(Some(client), number, JobKind::Mail, Priority::Usual, i64::from(number));
        let mut jobs: Vec<Job> = (0..50).map(|number| of("acme", number)).collect();
        assert_eq!(
            begin_all(&mut jobs, 100),
            [0, 1, 2, 3],
            "half of the room, where a silent server holds it for minutes"
        );
        jobs.extend([of("bron", 60), of("cora", 61), of("bron", 62)]);
        assert_eq!(begin_all(&mut jobs, 100), [50, 51, 52], "whoever comes anew finds room");
        for job in jobs.iter_mut().take(4) {
            job.end(Ended::Done(Value::Null, String::new()), 0.0, UtcMs(101));
        }
        jobs.extend([of("cora", 70), of("cora", 71)]);
        assert_eq!(begin_all(&mut jobs, 102), [4, 53, 5], "by turns, not by who asked first");
    }

    #[test]
    fn letters_that_failed_leave_half_of_the_room_to_those_that_were_never_tried() {
        let of =
            |number: u8| job_of(Some(&format!("c{number}")), number, JobKind::Mail, Priority::Usual, i64::from(number));
        let mut jobs: Vec<Job> = (0..20).map(of).collect();
        for job in &mut jobs {
            job.begin(UtcMs(20));
            job.end(Ended::Failed("no answer".to_owned()), 0.0, UtcMs(20));
        }
        let later = 10 * 60_000;
        assert_eq!(begin_all(&mut jobs, later).len(), JobKind::Mail.at_once() / 2);
        jobs.push(of(30));
        assert_eq!(begin_all(&mut jobs, later), [20], "it waits for none of them");
    }

    #[test]
    fn where_there_is_no_room_the_oldest_of_who_has_most_is_forgotten_and_nothing_that_is_needed() {
        let mut jobs = vec![job(0, JobKind::Erasure, Priority::Urgent, 0)];
        jobs[0].begin(UtcMs(0));
        jobs[0].end(Ended::Done(Value::Null, String::new()), 0.0, UtcMs(0));
        jobs.extend((1..4).map(|number| job_of(Some("acme"), number, JobKind::Export, Priority::Usual, 0)));
        jobs.push(job_of(Some("bron"), 9, JobKind::Export, Priority::Usual, 0));
        for (at, job) in jobs.iter_mut().enumerate().skip(1) {
            job.begin(UtcMs(at as i64));
            let given = if at == 1 { Value::from("a file") } else { Value::Null };
            job.end(Ended::Done(given, String::new()), 0.0, UtcMs(at as i64));
        }
        assert_eq!(forgotten_first(jobs.iter()), Some(&jobs[2].id), "the oldest that gave no file");
        assert_eq!(forgotten_first(jobs[..2].iter()), None, "upkeep, and what gave a file, stay");
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
