//! Who had a message not sent is not told the end of it either, and whoever is told after all is.

use std::sync::Arc;

use vigie_notify::{Desk, Kind, Letter, Outcome, Seat, Text, Whose};
use vigie_store::State;
use vigie_store::fault::FaultDisk;

use crate::common::{HOUR, MINUTE, SECOND, alert, now, one_route};

fn desk(disk: &FaultDisk) -> Desk {
    let state = Arc::new(State::open_on(disk.clone()).expect("it opens").0);
    Desk::open(state, one_route(Seat::Hub, "interval_s=0\nwait_s=0"), b"boot", now(0)).expect("it opens")
}

fn is_away() -> Outcome {
    Outcome::Later { why: Text::new("no connection"), after_ms: Some(HOUR), whose: Whose::Letter }
}

/// An alert whose message was tried, did not go, and is called off after a minute.
fn called_off(desk: &Desk) -> Letter {
    desk.hear([alert(1, 0).begins()], now(0)).expect("heard");
    let firing = desk.due(now(0)).letters.remove(0);
    desk.settle(firing.id(), is_away(), now(SECOND), 0).expect("written");
    desk.call_off(firing.id(), now(MINUTE)).expect("it waits")
}

#[test]
fn the_end_of_a_message_that_was_called_off_is_told_to_nobody_after_a_kill_neither() {
    let disk = FaultDisk::new();
    called_off(&desk(&disk));
    let desk = desk(&disk.killed());
    desk.hear([alert(1, 0).ends(2 * HOUR)], now(2 * HOUR)).expect("heard");
    assert!(desk.due(now(2 * HOUR)).letters.is_empty() && desk.waiting(now(2 * HOUR)).is_empty());
    let said: Vec<_> = desk.sent().expect("it reads").into_iter().map(|sent| sent.kind).collect();
    assert_eq!(said, [Kind::Firing], "what was called off stands in the log");
}

#[test]
fn an_end_that_waits_behind_its_beginning_is_called_off_with_it() {
    let desk = desk(&FaultDisk::new());
    desk.hear([alert(1, 0).begins()], now(0)).expect("heard");
    let firing = desk.due(now(0)).letters.remove(0);
    desk.hear([alert(1, 0).ends(HOUR)], now(HOUR)).expect("heard");
    assert!(desk.due(now(HOUR)).letters.is_empty(), "it waits for its beginning");
    desk.settle(firing.id(), is_away(), now(HOUR), 0).expect("written");
    assert_eq!(desk.waiting(now(HOUR)).len(), 2);
    desk.call_off(firing.id(), now(HOUR)).expect("it waits");
    assert!(desk.waiting(now(HOUR)).is_empty());
}

#[test]
fn whoever_is_told_of_more_of_the_same_is_told_that_it_is_over() {
    let desk = desk(&FaultDisk::new());
    called_off(&desk);
    desk.hear([alert(2, HOUR).begins()], now(HOUR)).expect("heard");
    let more = desk.due(now(HOUR)).letters.remove(0);
    desk.settle(more.id(), Outcome::Taken(Text::new("ok")), now(HOUR), 0).expect("written");
    let ends = [alert(1, 0).ends(2 * HOUR), alert(2, HOUR).ends(2 * HOUR)];
    desk.hear(ends, now(2 * HOUR)).expect("heard");
    let over = desk.due(now(2 * HOUR)).letters;
    assert_eq!(over.iter().map(|letter| letter.intent.notice.kind).collect::<Vec<_>>(), [Kind::Resolved]);
}
