//! The law of reachability, line by line.

use vigie_model::UtcMs;
use vigie_serve::Reachability::{Asleep, Cut, Late, Live, Retired, Silent, Unseen};
use vigie_serve::{Beat, Goodbye, Heard, Listener, Reachability, Stamp, reach, reach_of_site};

const NOW: i64 = 10_000_000_000;
const S: i64 = 1_000;

/// A machine that measures every 10 s behind a relay that beats every 10 s; arguments are ages in seconds.
fn behind(relay: Option<i64>, machine: Option<i64>, sample: Option<i64>) -> Heard {
    Heard {
        interval_ms: 10_000,
        observed_at: sample.map(ago),
        learnt_at: sample.map(ago),
        told_of: false,
        listener: Listener::Relay { relay: relay.map(beat), machine: machine.map(beat) },
        goodbye: None,
        retired: false,
    }
}

fn ago(seconds: i64) -> UtcMs {
    UtcMs(NOW - seconds * S)
}

fn beat(age: i64) -> Beat {
    Beat { at: ago(age), every_ms: 10_000 }
}

fn state(heard: &Heard) -> Reachability {
    reach(heard, UtcMs(NOW)).state
}

#[test]
fn each_line_of_the_law_holds() {
    for (relay, machine, sample, wanted, why) in [
        (Some(1), Some(1), Some(1), Live, "just heard"),
        (Some(1), Some(1), Some(25), Live, "twice the interval and five seconds"),
        (Some(1), Some(1), Some(26), Late, "a second more"),
        (Some(1), Some(26), Some(40), Late, "two beats missed, and the line may be slow"),
        (Some(1), Some(27), Some(40), Silent, "too long for a slow line, and the relay vouches"),
        (Some(1), Some(27), Some(20), Silent, "a fresh sample does not speak against missed beats"),
        (Some(1), Some(1), Some(9999), Late, "it answers, its samples are old: a backlog drains"),
        (Some(26), Some(27), Some(20), Silent, "the relay itself is still heard"),
        (Some(27), Some(27), Some(20), Cut, "the relay is silent: nobody can know"),
        (Some(27), Some(1), Some(1), Cut, "never green behind a cut, however fresh the sample"),
        (None, Some(1), Some(1), Cut, "no relay has ever been heard since"),
        (Some(1), None, Some(25), Live, "no word of beats: samples are all there is"),
        (Some(1), None, Some(100), Late, "up to ten intervals"),
        (Some(1), None, Some(101), Silent, "beyond them nobody answers"),
        (Some(1), Some(1), None, Late, "it answers and no sample has come yet"),
        (Some(1), None, None, Unseen, "enrolled, never heard"),
        (Some(999), None, None, Unseen, "never heard, cut or not"),
    ] {
        assert_eq!(state(&behind(relay, machine, sample)), wanted, "{why}");
    }
}

#[test]
fn a_relay_on_a_slow_link_is_cut_after_three_of_its_own_beats() {
    let slow = |age| Some(Beat { at: ago(age), every_ms: 60_000 });
    let heard = |age| Heard {
        listener: Listener::Relay { relay: slow(age), machine: None },
        interval_ms: 60_000,
        ..behind(None, None, Some(20))
    };
    assert_eq!((state(&heard(180)), state(&heard(181))), (Live, Cut));
}

#[test]
fn a_machine_heard_by_this_node_itself_has_no_relay_to_be_cut() {
    let heard = |age| Heard { listener: Listener::Here { machine: Some(beat(age)) }, ..behind(None, None, Some(age)) };
    assert_eq!((state(&heard(2)), state(&heard(27))), (Live, Silent));
}

#[test]
fn an_announced_absence_is_sleep_until_it_is_over() {
    let goodbye = |back_at| Some(Goodbye { at: ago(600), back_at });
    let asleep = |back_at, relay, sample| Heard { goodbye: goodbye(back_at), ..behind(relay, Some(601), sample) };
    assert_eq!(state(&asleep(None, Some(1), Some(601))), Asleep);
    assert_eq!(state(&asleep(None, Some(999), Some(601))), Asleep, "planned comes before cut");
    assert_eq!(state(&asleep(Some(ago(-10)), Some(1), Some(601))), Asleep);
    assert_eq!(state(&asleep(Some(ago(10)), Some(1), Some(601))), Silent, "it should be back");
    assert_eq!(state(&asleep(Some(ago(10)), Some(999), Some(601))), Cut, "it should be back, and nobody can know");
    let back = Heard { goodbye: goodbye(None), ..behind(Some(1), Some(1), Some(1)) };
    assert_eq!(state(&back), Live, "it is back");
    assert_eq!(reach(&asleep(None, Some(1), None), UtcMs(NOW)).since, Some(Stamp(ago(600))));
}

#[test]
fn a_clock_that_is_ahead_makes_nothing_fresh() {
    let ahead =
        Heard { observed_at: Some(UtcMs(NOW + 3600 * S)), learnt_at: Some(ago(40)), ..behind(Some(1), Some(1), None) };
    assert_eq!(state(&ahead), Late);
    assert_eq!(reach(&ahead, UtcMs(NOW)).since, Some(Stamp(ago(40))));
}

#[test]
fn what_a_person_archived_stays_archived() {
    assert_eq!(state(&Heard { retired: true, ..behind(Some(1), Some(1), Some(1)) }), Retired);
}

#[test]
fn a_cut_is_dated_from_the_relays_last_word() {
    assert_eq!(reach(&behind(Some(60), Some(61), Some(62)), UtcMs(NOW)).since, Some(Stamp(ago(60))));
    assert_eq!(reach(&behind(Some(1), Some(61), Some(62)), UtcMs(NOW)).since, Some(Stamp(ago(61))));
}

#[test]
fn one_relay_that_is_heard_is_enough_for_a_site() {
    let site = |relays: &[Option<i64>]| reach_of_site(relays.iter().map(|age| age.map(beat)), UtcMs(NOW)).state;
    assert_eq!(site(&[Some(99), Some(1)]), Live);
    assert_eq!(site(&[Some(99), None]), Cut);
    assert_eq!(site(&[None, None]), Unseen);
    assert_eq!(site(&[]), Unseen);
}

#[test]
fn a_machine_of_which_only_hours_came_is_late_while_its_relay_is_heard_and_cut_when_it_is_not() {
    let told = |relay| Heard { told_of: true, ..behind(Some(relay), None, None) };
    assert_eq!(reach(&told(5), UtcMs(NOW)), vigie_serve::Reach { state: Late, since: None });
    let sent_once = Heard { told_of: true, ..behind(Some(5), None, Some(3_600)) };
    assert_eq!(reach(&sent_once, UtcMs(NOW)).state, Late, "nobody said that it does not answer");
    assert_eq!(reach(&told(31), UtcMs(NOW)).state, Cut);
    assert_eq!(reach(&behind(Some(5), None, None), UtcMs(NOW)).state, Unseen);
}
