//! Nodes come and lose their rights.

use vigie_net::{Ask, CaFingerprint, EnrolRequest, JoinToken, NodeKey, TokenSecret};

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
        registry.add_token(id, &secret.proof_key(), client, site, roles, 9, end, UtcMs(0)).expect("a token");
        let token = JoinToken { hub_addrs: Vec::new(), ca: CaFingerprint::of(&[]), id, secret };
        Self { registry, token, _folder: folder }
    }

    fn enrol(&self, role: Role, number: u8) -> NodeId {
        let key = NodeKey::from_random_bytes([number; 32]);
        let advertised = if role == Role::Relay { vec![format!("10.0.0.{number}:7801")] } else { Vec::new() };
        let ask = Ask { role, hostname: format!("box-{number}"), advertised };
        let csr = key.csr().expect("a request");
        let request = EnrolRequest::new(&self.token, &ask, csr, UtcMs(0), [0; 16]).expect("a request");
        self.registry.admit(&request, key.node_id(), UtcMs(i64::from(number))).expect("let in");
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

#[test]
fn a_right_that_was_lost_is_on_the_list_though_an_older_list_was_recalled() {
    let site = Site::new();
    let node = site.enrol(Role::Agent, 1);
    assert_eq!(site.registry.revocations().expect("a list").version(), 0);
    site.registry.revoke_node(node, UtcMs(9)).expect("it is there");
    let list = site.registry.revocations().expect("a list");
    assert_eq!((list.version(), list.contains(node)), (1, true));
}
