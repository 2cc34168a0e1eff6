//! Does a question find the series that it means?

mod common;

use std::collections::BTreeMap;

use common::{Hub, Machine, T0, at, def, plain_tick};
use vigie_fleet::Known;
use vigie_model::{Role, SeriesDef};
use vigie_query::{Hints, LabelSet, Lack, Limits, Matcher, Selection, Source, Visit};
use vigie_serve::{HoleKind, Lookout};

const ALWAYS: (i64, i64) = (i64::MIN, i64::MAX);

/// Three machines: two of one kind, and one with a series of its own.
fn three() -> (Hub, [Machine; 3]) {
    let (hub, machines) = (Hub::new(), [1, 2, 3].map(|seed| Machine::new(seed, 1)));
    let disk = |name| def("disk.used", &[("device", name)]);
    let kinds = [vec![disk("sda"), def("load", &[])], vec![disk("sda"), def("load", &[])], vec![disk("sdb")]];
    for ((machine, defs), (site, name)) in
        machines.iter().zip(kinds).zip([("lyon", "a"), ("lyon", "b"), ("brest", "a")])
    {
        hub.fleet.enrolled(machine.known(site, name));
        let series: Vec<u32> = (0..defs.len() as u32).collect();
        let ticks = (1..=3).map(|seq| plain_tick(seq, &series));
        hub.commit(machine, vec![machine.hello(), machine.schema(0, defs), machine.ticks(ticks)]);
    }
    (hub, machines)
}

fn shown(found: &[LabelSet]) -> Vec<String> {
    let text = |labels: &LabelSet| {
        ["site", "machine", "__name__", "device"].map(|name| labels.get(name)).join(" ").trim_end().to_owned()
    };
    let mut texts: Vec<String> = found.iter().map(text).collect();
    texts.sort();
    texts
}

fn found(hub: &Hub, matchers: &[Matcher]) -> Vec<String> {
    let listed = hub.labels(matchers, ALWAYS);
    let all = hub.ask(matchers, ALWAYS, Hints::default()).expect("the log can be read");
    assert_eq!(all.keys().cloned().collect::<Vec<_>>(), listed, "the list and the samples are of the same series");
    assert!(all.values().all(|samples| samples.len() == 3));
    shown(&listed)
}

#[test]
fn a_list_tells_of_each_machine_the_fullest_file_system_of_its_newest_round() {
    let (hub, machine) = (Hub::new(), Machine::new(1, 1));
    hub.fleet.enrolled(machine.known("lyon", "web-1"));
    let of = |mount: &str| def("system.filesystem.utilization", &[("system.filesystem.mountpoint", mount)]);
    hub.commit(
        &machine,
        vec![machine.hello(), machine.schema(0, vec![of("/"), of("/home"), of("/mnt"), def("app", &[])])],
    );
    let disk = || hub.fleet.glances_where(&mut |_, _, _| true)[0].disk;
    assert_eq!(disk(), None, "nothing was measured");
    hub.sees(&machine, &plain_tick(1, &[0, 1, 2, 3]));
    assert_eq!(disk(), Some(10.2));
    // Nothing is mounted at /mnt any more: a quarter of an hour later it is in no round.
    hub.sees(&machine, &plain_tick(91, &[0, 1, 3]));
    hub.sees(&machine, &plain_tick(92, &[3]));
    assert_eq!(disk(), Some(910.1));
}

#[test]
fn what_is_missing_of_a_machine_is_of_the_time_between_what_is_here() {
    let (hub, machine) = (Hub::new(), Machine::new(1, 1));
    hub.fleet.enrolled(machine.known("lyon", "web-1"));
    hub.commit(&machine, vec![machine.hello(), machine.schema(0, vec![def("app.level", &[])])]);
    let ticks = |from: u64, to: u64| (from..=to).map(|seq| plain_tick(seq, &[0])).collect::<Vec<_>>();
    hub.commit(
        &machine,
        vec![machine.sealed(&ticks(1, 10)), machine.ticks(ticks(21, 30)), machine.ticks(ticks(32, 40))],
    );
    hub.commit(&machine, vec![machine.gap(31)]);
    let ledger = hub.fleet.ledger(machine.stream.agent).expect("enrolled");
    let times = |hole: &vigie_serve::Hole| (hole.kind, hole.from.map(|at| at.0.0), hole.until.map(|at| at.0.0));
    let expected = [(HoleKind::Lost, Some(at(30)), Some(at(32))), (HoleKind::Waiting, Some(at(10)), Some(at(21)))];
    assert_eq!(ledger.holes.iter().map(times).collect::<Vec<_>>(), expected);
}

#[test]
fn what_was_pushed_to_a_relay_is_answered_after_a_restart_though_nothing_new_comes() {
    let (mut hub, relay, till) = (Hub::new(), Machine::new(1, 1), Machine::new(2, 1));
    let enrolled = [Known { role: Role::Relay, ..relay.known("lyon", "relay") }, till.known("lyon", "till")];
    enrolled.iter().for_each(|known| hub.fleet.enrolled(known.clone()));
    let defs = vec![SeriesDef::foreign("oven_celsius", &[("oven", "3")]).expect("a definition")];
    hub.commit(
        &relay,
        vec![relay.hello(), relay.schema(0, defs), relay.ticks((1..=3).map(|seq| plain_tick(seq, &[0])))],
    );
    let asked = [Matcher::equal("__name__", "oven_celsius")];
    let before = hub.labels(&asked, ALWAYS);
    assert_eq!(before.iter().map(|labels| labels.get("site")).collect::<Vec<_>>(), ["lyon"]);
    // The log is read before it is known who is enrolled.
    hub.restart(&enrolled);
    assert_eq!(hub.labels(&asked, ALWAYS), before);
    // What comes of others takes nobody's place.
    let defs = vec![def("load", &[]), def("disk.used", &[])];
    let ticks = till.ticks((1..=3).map(|seq| plain_tick(seq, &[0, 1])));
    hub.commit(&till, vec![till.hello(), till.schema(0, defs), ticks]);
    assert_eq!(found(&hub, &asked).len(), 1);
    assert_eq!(found(&hub, &[Matcher::equal("__name__", "load")]), ["lyon till load"]);
}

#[test]
fn what_was_pushed_to_a_site_is_counted_as_no_machine_of_it() {
    let (hub, relay, till) = (Hub::new(), Machine::new(1, 1), Machine::new(2, 1));
    hub.fleet.enrolled(Known { role: Role::Relay, ..relay.known("lyon", "relay") });
    hub.fleet.enrolled(till.known("lyon", "till"));
    let defs = vec![SeriesDef::foreign("oven_celsius", &[]).expect("a definition")];
    hub.commit(&relay, vec![relay.hello(), relay.schema(0, defs), relay.ticks([plain_tick(1, &[0])])]);
    let counted: Vec<u64> = hub.fleet.sites().iter().map(|site| site.machines).collect();
    assert_eq!((counted, hub.fleet.machines().len()), (vec![1], 1));
}

#[test]
fn conditions_on_owner_and_series_meet() {
    let (hub, machines) = three();
    let regex = |name, pattern| Matcher::regex(name, pattern).expect("a pattern");
    let name = |name| Matcher::equal("__name__", name);
    assert_eq!(found(&hub, &[name("load")]), ["lyon a load", "lyon b load"]);
    assert_eq!(found(&hub, &[name("disk_used"), Matcher::equal("device", "sdb")]), ["brest a disk_used sdb"]);
    assert_eq!(
        found(&hub, &[Matcher::equal("machine", "a"), name("disk_used")]),
        ["brest a disk_used sdb", "lyon a disk_used sda"]
    );
    assert_eq!(found(&hub, &[Matcher::equal("machine", "a"), Matcher::equal("site", "lyon")]).len(), 2);
    let id = machines[2].stream.agent.to_string();
    assert_eq!(found(&hub, &[Matcher::equal("machine_id", &id)]), ["brest a disk_used sdb"]);
    assert_eq!(found(&hub, &[regex("__name__", "disk.*"), Matcher::not_equal("site", "brest")]).len(), 2);
    assert_eq!(found(&hub, &[regex("machine", "a|c"), Matcher::equal("device", "")]), ["lyon a load"]);
    assert_eq!(found(&hub, &[Matcher::one_of("client", ["other".to_owned()])]), [""; 0]);
    assert_eq!(found(&hub, &[name("load"), name("disk_used")]), [""; 0]);
    assert_eq!(found(&hub, &[]).len(), 5);
    assert_eq!(found(&hub, &[Matcher::equal("machine", "nobody")]), [""; 0]);
    assert_eq!(found(&hub, &[Matcher::equal("machine_id", "nonsense")]), [""; 0]);
}

#[test]
fn a_machine_is_found_by_its_present_name_and_site_alone() {
    let (hub, [machine, ..]) = three();
    let load = [Matcher::equal("__name__", "load")];
    assert_eq!(found(&hub, &load), ["lyon a load", "lyon b load"]);
    hub.fleet.enrolled(machine.known("brest", "c"));
    assert_eq!(found(&hub, &load), ["brest c load", "lyon b load"]);
    assert_eq!(found(&hub, &[Matcher::equal("machine", "c")]).len(), 2);
    assert_eq!(found(&hub, &[Matcher::equal("machine", "a")]), ["brest a disk_used sdb"]);
    hub.fleet.removed(machine.stream.agent);
    assert_eq!(found(&hub, &load), ["lyon b load"]);
    assert_eq!(found(&hub, &[Matcher::equal("machine", "c")]), [""; 0]);
    hub.fleet.enrolled(machine.known("lyon", "a"));
    assert_eq!(found(&hub, &load), ["lyon a load", "lyon b load"]);
}

#[test]
fn a_schema_that_grows_is_found_whole_and_those_that_shared_it_keep_theirs() {
    let (hub, [first, second, _]) = three();
    let fan = |name| def("fan.speed", &[("device", name)]);
    hub.commit(&first, vec![first.schema(2, vec![fan("cpu")])]);
    hub.commit(&second, vec![second.schema(2, vec![fan("cpu")])]);
    hub.commit(&second, vec![second.schema(3, vec![fan("case")])]);
    let fans = [Matcher::equal("__name__", "fan_speed")];
    assert_eq!(
        shown(&hub.labels(&fans, ALWAYS)),
        ["lyon a fan_speed cpu", "lyon b fan_speed case", "lyon b fan_speed cpu"]
    );
    hub.commit(&first, vec![first.schema(3, vec![fan("case")]), first.ticks([plain_tick(4, &[0, 1, 2, 3])])]);
    assert_eq!(shown(&hub.labels(&fans, ALWAYS)).len(), 4);
    let speeds = hub.ask(&[Matcher::equal("device", "case")], ALWAYS, Hints::default()).expect("the log can be read");
    let samples: Vec<_> = speeds.values().flatten().map(|(at_ms, bits)| (*at_ms, f64::from_bits(*bits))).collect();
    assert_eq!(samples, [(at(4), 40.3)], "the value stands under its own definition");
}

#[test]
fn the_lives_of_one_store_are_one_series() {
    let (mut hub, machines) = three();
    let renewed = Machine::new(1, 2);
    let defs = vec![def("load", &[])];
    let later = plain_tick(9, &[0]);
    hub.commit(&renewed, vec![renewed.hello(), renewed.schema(0, defs), renewed.ticks([later])]);
    let asked = [Matcher::equal("__name__", "load"), Matcher::equal("machine", "a")];
    let check = |hub: &Hub| {
        let load = hub.ask(&asked, ALWAYS, Hints::default()).expect("the log can be read");
        let times: Vec<_> = load.values().map(|samples| samples.keys().copied().collect::<Vec<_>>()).collect();
        assert_eq!(times, [[at(1), at(2), at(3), at(9)]]);
        let newest = hub.newest(&asked, (at(9) - 300_000, at(9))).expect("the log can be read");
        assert_eq!(newest.values().map(|(at_ms, _)| *at_ms).collect::<Vec<_>>(), [at(9)]);
    };
    check(&hub);
    let enrolled = [machines[0].known("lyon", "a"), machines[1].known("lyon", "b"), machines[2].known("brest", "a")];
    hub.restart(&enrolled);
    check(&hub);
}

/// Two threads read them: what both lives measured of a series has to be with one of the two.
#[test]
fn many_series_of_one_machine_come_whole_and_each_in_the_order_of_its_lives() {
    let hub = Hub::new();
    let (first, second) = (Machine::new(1, 1), Machine::new(1, 2));
    hub.fleet.enrolled(first.known("lyon", "a"));
    let defs: Vec<_> = (0..100).map(|number| def("load", &[("of", &format!("{number:02}"))])).collect();
    // In the second life the same series have other places.
    let turned = defs.iter().rev().cloned().collect();
    let all: Vec<u32> = (0..100).collect();
    for (life, defs, seqs) in [(&first, defs, 1..=3), (&second, turned, 4..=6)] {
        let ticks = seqs.map(|seq| plain_tick(seq, &all));
        hub.commit(life, vec![life.hello(), life.schema(0, defs), life.ticks(ticks)]);
    }
    for _ in 0..50 {
        let mut came = BTreeMap::<String, Vec<i64>>::new();
        let selection = Selection { matchers: &[], start_ms: ALWAYS.0, end_ms: ALWAYS.1, hints: Hints::default() };
        let read = hub.fleet.select(&selection, &Limits::usual(), &mut |part| {
            came.entry(part.labels.get("of").to_owned()).or_default().extend(part.timestamps_ms);
            Visit::Continue(())
        });
        read.expect("the log can be read");
        assert_eq!(came.len(), 100);
        let whole: Vec<i64> = (1..=6).map(at).collect();
        came.iter().for_each(|(of, times_ms)| assert_eq!(times_ms, &whole, "series {of}"));
    }
}

#[test]
fn series_that_ended_before_the_range_are_not_listed_once_that_is_known() {
    let (hub, machines) = three();
    let range = (at(100), at(130));
    assert_eq!(hub.labels(&[], range).len(), 5, "before anybody looked it is not known");
    (101..=103).for_each(|seq| {
        let tick = plain_tick(seq, &[1]);
        hub.sees(&machines[0], &tick);
        hub.commit(&machines[0], vec![machines[0].ticks([tick])]);
    });
    let newest = hub.newest(&[], range).expect("the log can be read");
    assert_eq!(newest.len(), 1);
    assert_eq!(shown(&hub.labels(&[], range)), ["lyon a load"]);
    assert_eq!(hub.labels(&[], (T0, at(130))).len(), 5);
}

#[test]
fn what_is_not_durable_is_in_the_answer_once() {
    let (hub, [machine, ..]) = three();
    let live = plain_tick(4, &[0, 1]);
    hub.sees(&machine, &live);
    let mut pieces = Vec::new();
    let mut read = |hub: &Hub| {
        pieces.clear();
        let matchers = [Matcher::equal("__name__", "load"), Matcher::equal("machine", "a")];
        let selection = Selection::new(&matchers, i64::MIN, i64::MAX);
        let asked = hub.fleet.select(&selection, &Limits::usual(), &mut |piece| {
            pieces.extend_from_slice(piece.timestamps_ms);
            Visit::Continue(())
        });
        asked.expect("the log can be read");
        pieces.clone()
    };
    assert_eq!(read(&hub), [at(1), at(2), at(3), at(4)]);
    // It is in the log, and nobody has said so yet.
    hub.log().commit(vec![machine.ticks([live.clone()])]).expect("a disk in order");
    assert_eq!(read(&hub), [at(1), at(2), at(3), at(4)]);
    hub.commit(&machine, vec![machine.ticks([live])]);
    assert_eq!(read(&hub), [at(1), at(2), at(3), at(4)]);
}

#[test]
fn an_answer_says_what_it_lacks_of_the_machines_it_is_about() {
    let (hub, _) = three();
    let matchers = [Matcher::equal("__name__", "load")];
    let asked = |end_ms| {
        let selection = Selection::new(&matchers, T0, end_ms);
        let coverage = hub.fleet.select(&selection, &Limits::usual(), &mut |_| Visit::Continue(())).expect("readable");
        coverage.shortfalls().iter().map(|lack| (lack.machine.clone(), lack.lack)).collect::<Vec<_>>()
    };
    let mut late = asked(at(4));
    late.sort_by(|a, b| a.0.cmp(&b.0));
    let silent = Lack::Silent { since_ms: at(3) };
    assert_eq!(late, [("a".into(), silent), ("b".into(), silent)], "the third has no such series");
    assert_eq!(asked(at(3)), [], "up to there all is known");
}
