use serde_json::{Value, json};
use vigie_jobs::{JobState, Priority};
use vigie_model::UtcMs;
use vigie_store::fault::{FaultDisk, Faults};

use super::room::most_of_one;
use super::*;

fn book(disk: &FaultDisk) -> Book {
    let state = Arc::new(State::open_on(disk.clone()).expect("a state").0);
    Book::open(state, NodeClock::new()).expect("a book")
}

fn wish(kind: JobKind, client: Option<&str>) -> JobWish {
    JobWish {
        kind,
        priority: Priority::Usual,
        client: client.map(|client| client.parse().expect("a name")),
        what: "one".to_owned(),
        by: "ann@acme.org".to_owned(),
        order: json!({}),
        not_before: UtcMs(0),
    }
}

fn erasure(email: &str) -> Erasure {
    let row = json!({ "pseudonym": "erased-1@erased.invalid", "words": [email], "at_sites": [], "clients": null });
    serde_json::from_value(row).expect("an erasure")
}

fn state_of(book: &Book, id: &JobId) -> JobState {
    book.one(id).expect("it is remembered").state(NodeClock::new().now().utc)
}

#[test]
fn wherever_the_hub_is_killed_each_job_is_there_and_what_ran_is_begun_once_more() {
    let disk = FaultDisk::new();
    let first = book(&disk);
    let waits = first.add(wish(JobKind::Export, Some("acme"))).expect("kept");
    let runs = first.begin_next().expect("kept").expect("due");
    assert_eq!((&runs.id, first.begin_next().expect("read")), (&waits.id, None), "nobody else is given it");
    let also = first.add(wish(JobKind::Erasure, None)).expect("kept");
    drop(first);
    let disk = disk.power_cut(11);
    let second = book(&disk);
    assert_eq!(state_of(&second, &runs.id), JobState::Scheduled, "it rests some seconds after the start");
    assert_eq!(second.begin_next().expect("kept").map(|job| job.id), Some(also.id.clone()));
    second.ended(&also.id, Ended::Done(Value::Null, "gone".to_owned()), 0.0).expect("kept");
    drop(second);
    let third = book(&disk.power_cut(12));
    assert_eq!(state_of(&third, &also.id), JobState::Done, "what is done is not done again");
    assert_eq!(third.all().len(), 2);
}

#[test]
fn a_hub_brought_back_from_a_backup_writes_no_letter_again_that_may_have_gone() {
    let disk = FaultDisk::new();
    let first = book(&disk);
    let kinds = [JobKind::Mail, JobKind::Export, JobKind::Retention];
    let [letter, export, upkeep] = kinds.map(|kind| first.add(wish(kind, None)).expect("kept").id);
    drop(first);
    let disk = disk.killed();
    let restored = State::open_on(disk.clone()).expect("a state").0;
    brought_back(&restored, NodeClock::new().now().utc).expect("kept");
    drop(restored);
    let second = book(&disk.killed());
    assert_eq!((state_of(&second, &letter), second.one(&export)), (JobState::Dead, None));
    assert!(second.one(&letter).expect("there").log.last_said().is_some_and(|said| said.contains("not known")));
    assert_eq!(second.begin_next().expect("kept").map(|job| job.id), Some(upkeep));
}

#[test]
fn what_can_not_be_kept_is_not_begun() {
    let disk = FaultDisk::new();
    let book = book(&disk);
    let job = book.add(wish(JobKind::Export, None)).expect("kept");
    disk.set_faults(Faults { cut_at: Some(disk.operations()), ..Faults::default() });
    assert!(matches!(book.begin_next(), Err(NotChanged::NotKept(_))));
    assert_eq!((state_of(&book, &job.id), book.one(&job.id).expect("there").tries), (JobState::Due, 0));
}

#[test]
fn a_client_that_asks_for_too_much_waits_and_keeps_nobody_else_from_it() {
    let book = book(&FaultDisk::new());
    for _ in 0..most_of_one(JobKind::Export) {
        book.add(wish(JobKind::Export, Some("acme"))).expect("room");
    }
    assert!(matches!(book.add(wish(JobKind::Export, Some("acme"))), Err(NotChanged::NoRoom(_))));
    book.add(wish(JobKind::Export, Some("bron"))).expect("another client's");
    book.add(wish(JobKind::Mail, Some("acme"))).expect("a letter waits for no file");
    book.add(wish(JobKind::Backup, None)).expect("the hub's own");
}

#[test]
fn a_job_is_a_clients_or_the_hubs_own() {
    let book = book(&FaultDisk::new());
    let of = |client: Option<&str>| written(&book.add(wish(JobKind::Export, client)).expect("kept"));
    let acme: Slug = "acme".parse().expect("a name");
    assert!(is_of_client(&of(Some("acme")), &acme));
    assert!(!is_of_client(&of(Some("bron")), &acme) && !is_of_client(&of(None), &acme));
}

#[test]
fn what_ended_is_asked_for_again_only_where_its_client_has_room() {
    let book = book(&FaultDisk::new());
    let again = book.add(wish(JobKind::Export, Some("acme"))).expect("room").id;
    book.begin_next().expect("kept").expect("due");
    book.ended(&again, Ended::Hopeless("too large".to_owned()), 0.0).expect("kept");
    let other: Vec<JobId> = (0..most_of_one(JobKind::Export))
        .map(|_| book.add(wish(JobKind::Export, Some("acme"))).expect("room").id)
        .collect();
    assert!(matches!(book.retry(&again, "ann"), Err(NotChanged::NoRoom(_))));
    assert_eq!(state_of(&book, &again), JobState::Dead, "nothing was changed");
    // One that waits to be tried again has its room already.
    let begun = book.begin_next().expect("kept").expect("due").id;
    book.ended(&begun, Ended::Failed("no room".to_owned()), 0.0).expect("kept");
    book.retry(&begun, "ann").expect("it is one of them");
    book.change(other.iter().find(|id| **id != begun).expect("another"), |job, now| job.cancel("ann", now))
        .expect("called off");
    book.retry(&again, "ann").expect("there is room again");
}

#[test]
fn what_has_ended_makes_room_for_what_is_asked_for() {
    let disk = FaultDisk::new();
    let state = || Arc::new(State::open_on(disk.killed()).expect("a state").0);
    let book = Book::with_room(state(), NodeClock::new(), 10).expect("a book");
    let upkeep = book.add(wish(JobKind::Erasure, None)).expect("kept").id;
    for _ in 0..12 {
        let id = book.add(wish(JobKind::Export, Some("acme"))).expect("what ended keeps nobody out").id;
        while let Some(begun) = book.begin_next().expect("kept") {
            book.ended(&begun.id, Ended::Done(Value::Null, "done".to_owned()), 0.0).expect("kept");
        }
        assert_eq!(state_of(&book, &id), JobState::Done);
    }
    assert_eq!(book.all().len(), 10, "no more are remembered than there is room for");
    assert!(book.one(&upkeep).is_some(), "by upkeep it is known how it goes");
}

#[test]
fn whoever_has_much_waiting_leaves_room_for_everybody_else() {
    let book = Book::with_room(Arc::new(State::open_on(FaultDisk::new()).expect("a state").0), NodeClock::new(), 10)
        .expect("a book");
    let fill = |client: &str| (0..20).take_while(|_| book.add(wish(JobKind::Mail, Some(client))).is_ok()).count();
    assert_eq!((fill("acme"), fill("bron"), fill("cora")), (5, 3, 1));
    book.add(wish(JobKind::Backup, None)).expect("the hub's own finds room");
}

#[test]
fn what_becomes_of_a_job_is_seen_while_the_disk_takes_its_time() {
    let book = Arc::new(book(&FaultDisk::new()));
    let job = book.add(wish(JobKind::Mail, Some("acme"))).expect("kept");
    let _slow_commit = book.deciding();
    let (told, tells) = std::sync::mpsc::channel();
    let looks = book.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let waits = async { tokio::time::timeout(Duration::from_millis(20), looks.tried(&job.id)).await };
        let is_patient = runtime.block_on(waits).is_err();
        told.send((is_patient, looks.rest(), looks.one(&job.id).is_some())).expect("somebody listens");
    });
    let told = tells.recv_timeout(Duration::from_secs(20)).expect("no task stands still for a disk");
    assert_eq!((told.0, told.2), (true, true), "it waits for the try, not for the disk");
}

#[test]
fn letters_that_go_with_who_is_erased_are_told_to_who_looks_on() {
    let book = book(&FaultDisk::new());
    let letter = JobWish { order: json!({ "to": "zoe@acme.org" }), ..wish(JobKind::Mail, Some("acme")) };
    let id = book.add(letter).expect("kept").id;
    let before = book.changes();
    book.let_go(&erasure("zoe@acme.org")).expect("erased");
    assert_eq!(book.one(&id), None);
    assert!(book.changes() > before, "whoever looks on is shown that it went");
}

#[tokio::test]
async fn who_plans_is_told_that_upkeep_has_ended_and_of_nothing_else() {
    let book = book(&FaultDisk::new());
    let is_told = async || tokio::time::timeout(Duration::from_millis(20), book.upkeep_is_over()).await.is_ok();
    let end = |kind: JobKind| {
        let id = book.add(wish(kind, None)).expect("kept").id;
        book.begin_next().expect("kept").expect("due");
        book.ended(&id, Ended::Done(Value::Null, "done".to_owned()), 0.0).expect("kept");
    };
    end(JobKind::Export);
    assert!(!is_told().await);
    end(JobKind::Erasure);
    assert!(is_told().await, "the next one is planned at once");
    assert!(!is_told().await, "once");
}
