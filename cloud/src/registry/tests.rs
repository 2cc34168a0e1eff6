//! Nodes come and lose their rights.

use vigie_net::{Ask, CaFingerprint, EnrolRequest, JoinToken, NodeKey, Parting, RefusedWhy, TokenId, TokenSecret};

use super::*;

struct Site {
    registry: Registry,
    token: JoinToken,
    _folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = Registry::new(State::open(folder.path()).expect("a state").0);
        let (id, secret) = (TokenId([1; 8]), TokenSecret::from_random_bytes([2; 16]));
        let roles = vec![Role::Agent, Role::Relay];
        let (client, site, end) = ("acme".parse().expect("a slug"), "lyon".parse().expect("a slug"), UtcMs(1 << 40));
        let proof = secret.proof_key();
        let new = NewToken { id, proof, client, site, roles, uses: 9, expires_at: end, by: String::new() };
        registry.add_token(new, UtcMs(0), true).expect("a token");
        let token = JoinToken { hub_addrs: Vec::new(), ca: CaFingerprint::of(&[]), id, secret };
        Self { registry, token, _folder: folder }
    }

    fn enrol(&self, role: Role, number: u8) -> NodeId {
        let key = NodeKey::from_random_bytes([number; 32]);
        let advertised = if role == Role::Relay { vec![format!("10.0.0.{number}:7801")] } else { Vec::new() };
        let ask = Ask { role, hostname: format!("box-{number}"), advertised };
        let csr = key.csr().expect("a request");
        let request = EnrolRequest::new(&self.token, &ask, csr, UtcMs(0), [0; 16]).expect("a request");
        self.registry.admit(&request, key.node_id(), "", UtcMs(i64::from(number))).expect("let in");
        key.node_id()
    }

    fn relays(&self) -> Vec<String> {
        let slug = |text: &str| text.parse().expect("a slug");
        self.registry.relays_of(&slug("acme"), &slug("lyon")).expect("the rows can be read")
    }
}

#[test]
fn machines_hear_of_relays_that_came_and_went_while_others_were_recalled() {
    let site = Site::new();
    let first = site.enrol(Role::Relay, 1);
    assert_eq!(site.relays(), ["10.0.0.1:7801"]);
    site.enrol(Role::Agent, 2);
    site.enrol(Role::Relay, 3);
    assert_eq!(site.relays(), ["10.0.0.3:7801", "10.0.0.1:7801"], "the newest is tried first");
    site.registry.revoke_node(first, UtcMs(9)).expect("it is there");
    assert_eq!(site.relays(), ["10.0.0.3:7801"]);
    // The same key comes back as an agent.
    site.enrol(Role::Agent, 3);
    assert_eq!(site.relays(), [""; 0]);
}

fn parting(site: &Site, of: NodeId, number: u8, certain: bool) -> (Parting, NodeId) {
    let row = site.registry.node(of).expect("a row").expect("it is there");
    let peer = vigie_net::Peer {
        node: of,
        role: row.role,
        client: row.client,
        site: row.site,
        public_key: [0; 32],
        not_before: UtcMs(0),
        not_after: UtcMs(1),
        serial: Vec::new(),
        formerly: None,
    };
    let key = NodeKey::from_random_bytes([number; 32]);
    let csr = key.csr().expect("a request");
    (Parting { peer, csr, hostname: format!("copy-{number}"), certain }, key.node_id())
}

#[test]
fn a_copy_becomes_a_node_of_its_own_once_and_of_two_that_do_not_know_only_one_does() {
    let site = Site::new();
    let original = site.enrol(Role::Agent, 1);
    let part = |number, certain, at_ms| {
        let (parting, node) = parting(&site, original, number, certain);
        site.registry.part(&parting, node, "", UtcMs(at_ms)).map(|row| (row.formerly(), row.name, row.enrolled_at_ms))
    };
    let not_now = |number, at_ms| part(number, false, at_ms).expect_err("it waits").why == RefusedWhy::NotNow;
    assert!(not_now(10, 5_000) && not_now(11, 10_000), "one that is certain may be about to come");
    let first = (Some(original), "copy-10".to_owned(), 45_000);
    assert_eq!(part(10, false, 45_000), Ok(first.clone()));
    assert_eq!(part(10, false, 46_000), Ok(first), "its answer was lost, and nothing is made twice");
    assert!(not_now(11, 50_000), "the other may be alone by now");
    assert!(part(12, true, 50_000).is_ok(), "who knows that it is a copy need not wait");
    assert!(not_now(11, 500_000) && part(11, false, 540_000).is_ok(), "so many were there after all");
    site.registry.revoke_node(original, UtcMs(0)).expect("it is there");
    assert_eq!(part(13, true, 9_000).expect_err("it lost its rights").why, RefusedWhy::Revoked);
}

#[test]
fn a_relay_does_not_part_from_its_copy_by_itself() {
    let site = Site::new();
    let relay = site.enrol(Role::Relay, 1);
    let (parting, node) = parting(&site, relay, 10, true);
    assert_eq!(site.registry.part(&parting, node, "", UtcMs(0)).expect_err("no").why, RefusedWhy::WrongRole);
}

#[test]
fn a_right_that_was_lost_is_on_the_list_though_an_older_list_was_recalled() {
    let site = Site::new();
    let node = site.enrol(Role::Agent, 1);
    assert_eq!(site.registry.revocations().expect("a list").version(), 0);
    site.registry.revoke_node(node, UtcMs(9)).expect("it is there");
    let list = site.registry.revocations().expect("a list");
    assert_eq!((list.version(), list.contains(node)), (1, true));
}
