//! Troubles that people have, by name. Each run ends with the oracle content: every tick that became durable on an agent is
//! at the hub once and equal or inside a gap that says why, everyone below knows it, and nothing more is said. What is
//! asserted here is what the oracle can not know: what these people were promised beyond that.

use vigie_bottle::plan::HUB;
use vigie_bottle::{Fault, Kept, LinkPlan, NodePlan, Plan, run};
use vigie_model::Role;
use vigie_sync::Sends;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// The relay of the first site, where every scenario has one.
const RELAY: usize = 1;

fn site(agents: usize) -> Vec<NodePlan> {
    let mut nodes = vec![NodePlan::hub(), NodePlan::relay("relay", LinkPlan::wan(HUB))];
    nodes.extend((0..agents).map(|at| NodePlan::agent(&format!("till-{at}"), vec![LinkPlan::lan(RELAY)])));
    nodes
}

fn scenario(nodes: Vec<NodePlan>, chaos_ms: u64, faults: Vec<(u64, Fault)>) -> Kept {
    let plan = Plan { chaos_ms, faults, ..Plan::quiet(7, nodes) };
    match run(plan, true) {
        Ok(kept) => kept,
        Err(failure) => {
            let last: Vec<_> = failure.lines.iter().rev().take(60).rev().cloned().collect();
            panic!("{}\n{}\n{}", failure.what, failure.plan, last.join("\n"))
        }
    }
}

#[test]
fn nothing_is_lost_or_sent_twice_when_nothing_happens() {
    let kept = scenario(site(3), 10 * MINUTE_MS, Vec::new()).tally;
    assert_eq!((kept.at_hub, kept.gaps, kept.duplicates, kept.refused), (kept.ticks, 0, 0, 0));
    // Two live frames for each tick, two seals for each dozen, and now and then an acknowledgement.
    assert!(kept.frames < 3 * kept.ticks, "{kept:?}");
}

#[test]
fn a_site_that_is_cut_off_for_a_day_gives_nothing_up() {
    let cut = Fault::Cut { node: RELAY, ms: 24 * HOUR_MS };
    let kept = scenario(site(1), 25 * HOUR_MS, vec![(5 * MINUTE_MS, cut)]).tally;
    assert_eq!((kept.at_hub, kept.gaps), (kept.ticks, 0));
    // What waited goes in whole segments: a day costs fewer frames than if it had gone live.
    assert!(kept.frames < 2 * kept.ticks, "{kept:?}");
}

#[test]
fn a_site_of_hours_lets_go_of_its_oldest_ticks_and_never_sends_its_machines_away() {
    let mut nodes = site(2);
    nodes[RELAY].cap_bytes = 60_000;
    nodes[RELAY].up[0].sends = Sends::Rollups;
    let cut = Fault::Cut { node: RELAY, ms: 20 * MINUTE_MS };
    let kept = scenario(nodes, 6 * HOUR_MS, vec![(2 * HOUR_MS, cut)]).tally;
    // In the end all is asked for, and comes as far as the relay still has it.
    assert!(kept.thinned > 1_000 && kept.at_hub > 100, "{kept:?}");
    assert_eq!((kept.at_hub + kept.thinned, kept.gaps, kept.evicted), (kept.ticks, 0, 0));
}

#[test]
fn a_machine_without_room_for_its_outage_says_which_ticks_it_gave_up() {
    let mut nodes = vec![NodePlan::hub(), NodePlan::agent("till", vec![LinkPlan::wan(HUB)])];
    nodes[1].cap_bytes = 20_000;
    let cut = Fault::Cut { node: 1, ms: 4 * HOUR_MS };
    let kept = scenario(nodes, 5 * HOUR_MS, vec![(5 * MINUTE_MS, cut)]).tally;
    assert!(kept.gaps > 0 && kept.evicted > 0, "{kept:?}");
    assert_eq!(kept.at_hub + kept.gaps, kept.ticks);
}

#[test]
fn a_relay_replaced_by_an_empty_one_while_cut_off_gets_all_again_from_its_machines() {
    let faults = vec![
        (2 * MINUTE_MS, Fault::Cut { node: RELAY, ms: HOUR_MS }),
        (30 * MINUTE_MS, Fault::Lose { node: RELAY, down_ms: 20_000 }),
    ];
    let kept = scenario(site(2), 2 * HOUR_MS, faults).tally;
    assert_eq!((kept.at_hub, kept.gaps), (kept.ticks, 0));
}

#[test]
fn a_machine_carried_from_relay_to_relay_and_back_loses_nothing() {
    let mut nodes = vec![
        NodePlan::hub(),
        NodePlan::relay("depot", LinkPlan::wan(HUB)),
        NodePlan::relay("shop", LinkPlan::thin(HUB, 4_000)),
    ];
    nodes.push(NodePlan::agent("van", vec![LinkPlan::lan(1), LinkPlan::lan(2)]));
    let faults = vec![
        (3 * MINUTE_MS, Fault::Cut { node: 1, ms: 40 * MINUTE_MS }),
        (6 * MINUTE_MS, Fault::Move { node: 3 }),
        (12 * MINUTE_MS, Fault::PowerCut { node: 3, down_ms: 30_000 }),
        (20 * MINUTE_MS, Fault::Move { node: 3 }),
    ];
    let kept = scenario(nodes, HOUR_MS, faults).tally;
    // A power cut takes at most what was reserved ahead and not yet given.
    assert!(kept.gaps <= 16 && kept.at_hub >= kept.ticks - 16, "{kept:?}");
}

#[test]
fn a_power_cut_of_everything_at_once_again_and_again_costs_only_reserved_numbers() {
    let nodes = site(2);
    let cuts = 6;
    let at = |round: u64| (round + 1) * 5 * MINUTE_MS;
    let one = |round| (0..nodes.len()).map(move |node| (at(round), Fault::PowerCut { node, down_ms: 5_000 }));
    let faults = (0..cuts).flat_map(one).collect();
    let agents = nodes.iter().filter(|node| node.role == Role::Agent).count() as u64;
    let kept = scenario(nodes.clone(), HOUR_MS, faults).tally;
    assert!(kept.gaps <= cuts * agents * 16, "{kept:?}");
}

#[test]
fn two_connections_at_once_count_each_tick_once() {
    let faults = (1..9).map(|at| (at * MINUTE_MS, Fault::Again { node: 2 })).collect();
    let kept = scenario(site(1), 10 * MINUTE_MS, faults).tally;
    assert_eq!((kept.at_hub, kept.gaps), (kept.ticks, 0));
}

#[test]
fn a_hub_that_lost_its_disk_gets_back_what_is_still_below() {
    let lose = Fault::Lose { node: HUB, down_ms: 60_000 };
    let kept = scenario(site(2), HOUR_MS, vec![(30 * MINUTE_MS, lose)]).tally;
    assert_eq!((kept.at_hub, kept.gaps), (kept.ticks, 0), "the floor keeps what the hub had signed for");
}

#[test]
fn a_disk_that_is_full_for_an_hour_does_not_stop_the_measuring() {
    let full = Fault::Full { node: 2, ms: HOUR_MS };
    // Soon after it began: later, an hour of ticks fits into pages that are free.
    let kept = scenario(site(1), 2 * HOUR_MS, vec![(MINUTE_MS, full)]).tally;
    assert!(kept.failed_commits > 0, "{kept:?}");
    assert_eq!((kept.at_hub, kept.gaps), (kept.ticks, 0), "three hours of ticks fit into memory");
}

#[test]
fn a_clock_ten_years_ahead_changes_what_is_shown_and_nothing_else() {
    let faults = vec![
        (5 * MINUTE_MS, Fault::Clock { node: 2, by_ms: 315_360_000_000 }),
        (10 * MINUTE_MS, Fault::Clock { node: 2, by_ms: -315_360_000_000 }),
    ];
    let kept = scenario(site(1), 20 * MINUTE_MS, faults).tally;
    assert_eq!((kept.at_hub, kept.gaps), (kept.ticks, 0));
}
