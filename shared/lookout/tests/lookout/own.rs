//! What does a node say of itself and of clocks, by rules that are on from the start?

use std::sync::atomic::Ordering;

use crate::common::{MINUTE, Node};
use vigie_model::Role;
use vigie_notify::Kind;
use vigie_serve::{IncidentState, Incidents};

const DAY: i64 = 86_400_000;

#[test]
fn a_machine_whose_clock_is_off_is_told_and_one_that_nobody_told_the_time_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = Node::relay(folder.path());
    let minutes = |minutes: i64, ahead_ms: Option<i64>| {
        relay.run(minutes * MINUTE, |world| {
            (1..4).for_each(|node| world.hear(node, Role::Agent, "lyon"));
            world.clock_is_ahead(1, ahead_ms);
        });
        relay.told()
    };
    assert_eq!(minutes(10, None), []);
    assert_eq!(minutes(7, Some(-90_000)), [(Kind::Firing, "The clock of m1 is 1m 30s off".to_owned())]);
    assert_eq!(minutes(3, Some(40_000)), [], "better, and not well");
    assert!(matches!(minutes(2, Some(500))[..], [(Kind::Resolved, _)]));
}

#[test]
fn a_node_whose_certificate_is_not_renewed_says_so_in_time() {
    for role in [Role::Relay, Role::Hub] {
        let folder = tempfile::tempdir().expect("a folder");
        let node = Node::begin(folder.path(), &std::sync::Arc::default(), role);
        let ends_in = |days: i64, minutes: i64| {
            let ends = node.world.at().utc.0 + days * DAY;
            node.world.certificate_ends_ms.store(ends, Ordering::Relaxed);
            node.run(minutes * MINUTE, |_| {});
            node.watchman.incidents().iter().map(|one| (one.rule.clone(), one.standing)).collect::<Vec<_>>()
        };
        assert_eq!(ends_in(80, 5), []);
        let soon = ends_in(5, 90);
        assert_eq!(soon, [("CertificateEndsSoon".to_owned(), IncidentState::Firing)]);
        let now = ends_in(1, 30);
        assert_eq!(now[0], ("CertificateEnds".to_owned(), IncidentState::Firing), "{now:?}");
        assert!(ends_in(80, 5).iter().all(|(_, standing)| *standing == IncidentState::Resolved), "it was renewed");
    }
}

#[test]
fn a_client_that_uses_its_quota_is_told_of_early_and_again_when_all_of_it_is_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Node::begin(folder.path(), &std::sync::Arc::default(), Role::Hub);
    let at = |percent: i64| {
        hub.world.quota_used.store(percent, Ordering::Relaxed);
        hub.run(3 * MINUTE, |_| {});
        let open = hub.watchman.incidents().into_iter().filter(|one| one.standing == IncidentState::Firing);
        open.map(|one| (one.rule, one.client.map(|client| client.to_string()), one.site)).collect::<Vec<_>>()
    };
    assert_eq!(at(0), []);
    assert_eq!(at(79), []);
    let acme = Some("acme".to_owned());
    assert_eq!(at(80), [("QuotaNearlyUsed".to_owned(), acme.clone(), None)], "it is the client's, and of no site");
    assert_eq!(at(100), [("QuotaUsedUp".to_owned(), acme, None)]);
    assert_eq!(at(50), [], "there is room again");
}
