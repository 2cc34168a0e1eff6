use proptest::prelude::*;

use super::*;

fn job(kind: JobKind) -> Job {
    let wish = JobWish {
        kind,
        priority: Priority::Usual,
        client: None,
        what: "one".to_owned(),
        by: "ann".to_owned(),
        order: Value::Null,
        not_before: UtcMs(1_000),
    };
    Job::new(JobId::new(UtcMs(0), [0; 6]), wish, UtcMs(0))
}

fn words(job: &Job) -> Vec<Happened> {
    job.log.entries().iter().map(|entry| entry.what).collect()
}

#[test]
fn a_job_waits_for_its_moment_and_a_clock_set_back_makes_nothing_wait_for_years() {
    let job = job(JobKind::Export);
    let states = [0, 999, 1_000, -5].map(|now| job.state(UtcMs(now)));
    assert_eq!(states, [JobState::Scheduled, JobState::Scheduled, JobState::Due, JobState::Due]);
}

#[test]
fn what_fails_is_tried_again_later_each_time_until_it_is_given_up() {
    let (mut job, mut now) = (job(JobKind::Export), 1_000);
    let mut waits = Vec::new();
    for _ in 0..5 {
        job.begin(UtcMs(now));
        job.end(Ended::Failed("the disk is full".to_owned()), 0.0, UtcMs(now));
        let Some(next) = job.next_at() else { break };
        assert_eq!(job.state(UtcMs(now)), JobState::Retrying);
        waits.push(next.0 - now);
        now = next.0;
    }
    assert_eq!(waits, [10_000, 20_000, 40_000, 80_000]);
    assert_eq!((job.state(UtcMs(now)), words(&job).last()), (JobState::Dead, Some(&Happened::GivenUp)));
    job.retry("bob", UtcMs(now)).expect("somebody looked");
    assert_eq!((job.state(UtcMs(now)), job.tries), (JobState::Due, 0));
}

#[test]
fn what_has_to_happen_is_never_given_up_and_never_called_off() {
    let mut job = job(JobKind::Erasure);
    for now in 0..1_000 {
        job.begin(UtcMs(now));
        job.end(Ended::Failed("the disk refuses".to_owned()), 0.0, UtcMs(now));
    }
    assert_eq!(job.state(UtcMs(1_000)), JobState::Retrying);
    assert_eq!(job.cancel("ann", UtcMs(1_000)), Err(NotNow::ForGood));
}

#[test]
fn a_job_whose_program_was_killed_is_taken_up_again_and_not_for_ever() {
    let mut job = job(JobKind::Export);
    let mut begun = 0;
    while job.is_open() {
        job.begin(UtcMs(5_000));
        job.taken_up(UtcMs(6_000));
        begun += 1;
    }
    assert_eq!(Some(begun), JobKind::Export.tries());
    assert_eq!(job.state(UtcMs(6_000)), JobState::Dead);
}

#[test]
fn a_wish_to_call_it_off_outlives_a_kill() {
    let mut job = job(JobKind::Backup);
    job.begin(UtcMs(1_000));
    job.cancel("ann", UtcMs(1_001)).expect("it runs");
    assert!(job.is_to_stop() && job.is_running());
    assert_eq!(job.cancel("bob", UtcMs(1_002)), Err(NotNow::Already));
    job.taken_up(UtcMs(2_000));
    assert_eq!(job.state(UtcMs(2_000)), JobState::Cancelled);
    let last = job.log.entries().last().expect("an entry");
    assert_eq!((last.what, last.by.as_deref()), (Happened::Cancelled, Some("ann")));
    assert_eq!(job.cancel("ann", UtcMs(3_000)), Err(NotNow::Ended("cancelled")));
}

#[test]
fn a_hub_that_stops_in_order_takes_no_try_away() {
    let mut job = job(JobKind::Backup);
    job.begin(UtcMs(1_000));
    job.end(Ended::Stopped, 0.5, UtcMs(1_001));
    assert_eq!((job.state(UtcMs(1_001)), job.tries), (JobState::Due, 0));
}

#[test]
fn who_is_not_to_be_known_any_more_stands_nowhere_in_it() {
    let mut job = job(JobKind::Backup);
    job.begin(UtcMs(1_000));
    job.cancel("ann", UtcMs(1_001)).expect("it runs");
    assert!(job.rename(&|name| (name == "ann").then(|| "erased-1".to_owned())));
    let text = serde_json::to_string(&job).expect("JSON");
    assert!(!text.contains("ann") && text.contains("erased-1"), "{text}");
    assert!(!job.rename(&|_| None));
}

#[test]
fn a_job_is_kept_with_what_was_asked_for_beside_what_became_of_it() {
    let kept = serde_json::to_value(job(JobKind::Export)).expect("JSON");
    let words: Vec<&str> = kept.as_object().expect("an object").keys().map(String::as_str).collect();
    let all = "by cancel client given id kind log made_at not_before order priority since state tries what";
    assert_eq!(words.join(" "), all, "as it was always kept: what an earlier program wrote is read");
}

#[test]
fn what_is_sealed_stays_until_it_is_done_and_stands_in_no_text_for_people() {
    let mut job = job(JobKind::Mail).with_sealed(Some(Sealed::new("c2VjcmV0".to_owned())));
    job.begin(UtcMs(1_000));
    job.end(Ended::Failed("451 later".to_owned()), 0.0, UtcMs(1_000));
    let read: Job = serde_json::from_str(&serde_json::to_string(&job).expect("JSON")).expect("a job");
    assert_eq!(read.sealed().map(Sealed::as_str), Some("c2VjcmV0"), "another try needs it");
    assert!(!format!("{read:?}").contains("c2VjcmV0"));
    job.begin(UtcMs(40_000));
    job.end(Ended::Done(Value::Null, "250 kept".to_owned()), 0.0, UtcMs(40_000));
    assert_eq!(job.sealed(), None);
}

#[test]
fn what_nobody_can_know_any_more_is_left_to_people() {
    let mut job = job(JobKind::Mail);
    job.begin(UtcMs(1_000));
    job.left_to_people("it was brought back from a backup", UtcMs(2_000));
    assert_eq!(
        (job.state(UtcMs(2_000)), job.log.last_said()),
        (JobState::Dead, Some("it was brought back from a backup"))
    );
    job.retry("ann", UtcMs(3_000)).expect("somebody looked");
    job.begin(UtcMs(3_000));
    job.end(Ended::Done(Value::Null, String::new()), 0.0, UtcMs(3_000));
    job.left_to_people("again", UtcMs(4_000));
    assert_eq!(job.state(UtcMs(4_000)), JobState::Done, "what is over stays over");
}

#[derive(Debug, Clone)]
enum Step {
    Begin,
    End(u8),
    Killed,
    Cancel,
    Retry,
    Hasten,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Begin),
        (0..4_u8).prop_map(Step::End),
        Just(Step::Killed),
        Just(Step::Cancel),
        Just(Step::Retry),
        Just(Step::Hasten),
    ];
    proptest::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn whatever_happens_a_job_is_open_or_has_ended_and_reads_back_as_it_is(kind in 0..JobKind::ALL.len(), steps in steps()) {
        let (mut job, mut now) = (job(JobKind::ALL[kind]), 10_000_000);
        for step in steps {
            now += 10_000_000;
            let at = UtcMs(now);
            match step {
                Step::Begin if job.is_due(at) => job.begin(at),
                Step::End(0) if job.is_running() => job.end(Ended::Done(Value::Null, String::new()), 0.3, at),
                Step::End(1) if job.is_running() => job.end(Ended::Failed("why".to_owned()), 0.3, at),
                Step::End(2) if job.is_running() => job.end(Ended::Hopeless("why".to_owned()), 0.3, at),
                Step::End(_) if job.is_running() => job.end(Ended::Stopped, 0.3, at),
                Step::Killed if job.is_running() => job.taken_up(at),
                Step::Cancel => drop(job.cancel("ann", at)),
                Step::Retry => drop(job.retry("ann", at)),
                Step::Hasten => {
                    job.hasten(at, None, at);
                }
                Step::Begin | Step::End(_) | Step::Killed => {}
            }
            let ended = matches!(job.state(at), JobState::Dead | JobState::Done | JobState::Cancelled);
            prop_assert_eq!(job.is_open(), !ended);
            prop_assert_eq!(job.next_at().is_some(), job.is_open() && !job.is_running());
            prop_assert!(!job.is_to_stop() || job.is_running(), "who waits is called off at once");
            let read: Job = serde_json::from_str(&serde_json::to_string(&job).expect("JSON")).expect("a job");
            prop_assert_eq!(read, job.clone());
        }
    }
}
