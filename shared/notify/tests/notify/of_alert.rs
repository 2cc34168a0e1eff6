//! Of what is known who was told, and since when is all of it known?

use std::sync::Arc;

use vigie_notify::{Desk, LetterId, Outcome, Seat, Table, Text, Times};
use vigie_store::State;
use vigie_store::fault::FaultDisk;

use crate::common::{Alert, MINUTE, alert, at, now, one_route};

fn sent(desk: &Desk, of: Alert, ms: i64) {
    desk.hear([of.begins()], now(ms)).expect("written");
    let due = desk.due(now(ms));
    let ids: Vec<LetterId> = due.letters.iter().map(vigie_notify::Letter::id).collect();
    assert_eq!(ids.len(), 1);
    desk.settle(ids[0], Outcome::Taken(Text::new("ok")), now(ms), 0).expect("written");
}

#[test]
fn what_an_earlier_version_sent_without_saying_of_what_is_not_taken_for_nothing() {
    let state = Arc::new(State::open_on(FaultDisk::new()).expect("a state").0);
    let rules = one_route(Seat::Relay, "always=true\nwait_s=0\ninterval_s=0\ngroup_by=['machine']");
    let desk = Desk::open(state.clone(), rules, b"boot", now(0)).expect("it reads");
    let (one, other) = (alert(1, 0), alert(3, MINUTE));
    sent(&desk, one, 0);
    sent(&desk, other, 10 * MINUTE);
    let of = |alert: Alert| {
        let times = Times { alert: alert.instance().alert, from: at(alert.began), to: at(alert.began) };
        desk.of_alert(&times, &alert.facts(), now(20 * MINUTE)).expect("it reads")
    };
    let known = of(other);
    assert_eq!((known.sent.len(), known.dead.len(), known.waiting.len()), (1, 0, 0));
    assert!(known.known_since < at(0), "all that was ever sent is there");
    let rows = state.scan(Table::Told.name(), &[]).expect("it reads");
    assert_eq!(rows.len(), 2);
    state.transact(|tx| tx.remove(Table::Told.name(), &rows[0].0).map(drop)).expect("written");
    let known = of(one);
    assert_eq!((known.sent.len(), known.known_since), (0, at(0)), "before that it can not be said");
    assert_eq!(of(other).sent.len(), 1);
}
