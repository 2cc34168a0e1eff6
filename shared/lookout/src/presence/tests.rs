//! What does a hub believe of what relays say?

use super::*;

const RELAY_OF_LYON: u8 = 200;
const RELAY_OF_PARIS: u8 = 201;

fn node(number: u8) -> NodeId {
    NodeId::from_bytes([number; 16])
}

fn slug(text: &str) -> Slug {
    text.parse().expect("a name")
}

fn sighted(number: u8, role: Role, site: &str, now: At) -> Sighted {
    Sighted {
        node: node(number),
        role,
        client: slug("acme"),
        site: slug(site),
        name: format!("m{number}"),
        heard_at: (role == Role::Relay).then_some(now.utc),
        beat_ms: None,
        is_connected: role == Role::Relay,
        brought: None,
        sampled_at: None,
        goodbye_at: None,
    }
}

/// A hub that hears two relays; behind each of them is a machine: 1 at `lyon` and 101 at `paris`.
fn look(presence: &mut Presence, now: At) {
    let relays = [(RELAY_OF_LYON, "lyon"), (RELAY_OF_PARIS, "paris")];
    let relays = relays.map(|(number, site)| sighted(number, Role::Relay, site, now));
    let machines = [(1, "lyon"), (101, "paris")].map(|(number, site)| sighted(number, Role::Agent, site, now));
    presence.look(relays.into_iter().chain(machines).collect(), now);
}

fn at(s: i64) -> At {
    At { utc: UtcMs(1_700_000_000_000 + 1_000 * s), boot_ms: 1_000 * s }
}

fn hub() -> Presence {
    let mut presence = Presence::new(Post::Hub, BTreeSet::new(), at(0));
    (0..60).for_each(|s| look(&mut presence, at(s)));
    presence
}

/// What the hub knows of a machine after somebody said of it that it does not answer.
fn after_word(scope: (&str, &str), relay: u8, machine: u8) -> Option<Reach> {
    let mut presence = hub();
    let scope = Scope::Site(slug(scope.0), slug(scope.1));
    let (relay, machine) = (node(relay), node(machine));
    presence.vouched(&Vouched { scope, relay, machine, answers: false, since: at(60).utc }, at(60));
    look(&mut presence, at(61));
    presence.known(&machine.to_string()).map(|known| known.reach)
}

#[test]
fn only_a_relay_of_its_own_site_says_of_a_machine_that_it_does_not_answer() {
    assert_eq!(after_word(("acme", "lyon"), RELAY_OF_LYON, 1), Some(Reach::Silent));
    let unsaid = hub().known(&node(1).to_string()).map(|known| known.reach);
    assert_ne!(unsaid, Some(Reach::Silent));
    let lyon_of_paris = after_word(("acme", "lyon"), RELAY_OF_LYON, 101);
    assert_eq!(lyon_of_paris, unsaid, "a machine of another site");
    let as_another = after_word(("acme", "lyon"), RELAY_OF_PARIS, 101);
    assert_eq!(as_another, unsaid, "in the name of another site's relay");
    assert_eq!(after_word(("acme", "lyon"), RELAY_OF_PARIS, 1), unsaid, "of its own machine, in that name");
    assert_eq!(after_word(("other", "lyon"), RELAY_OF_LYON, 1), unsaid, "from another client");
    assert_eq!(after_word(("acme", "lyon"), 1, 1), unsaid, "a machine is no relay");
}
