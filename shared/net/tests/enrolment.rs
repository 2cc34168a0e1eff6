//! How a new machine becomes a node: directly, through a relay, and what may go wrong.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use support::{DAY_MS, Deployment, NOW, key, stranger};
use vigie_model::{NodeId, Role, UtcMs};
use vigie_net::{
    Accepted, Admission, Admitted, Ask, CaFingerprint, Endpoint, EnrolError, EnrolRequest, Enrolled, EnrolmentEndpoint,
    Identity, JoinToken, Parting, Peer, Refusal, Refused, RefusedWhy, Revocations, Standing, Token, TokenId,
    TokenSecret, TrustedTime, come_back, enrol, forward_enrolment, part_from_twin, public_key_of_csr, serve_enrolment,
};

#[tokio::test]
async fn a_machine_enrols_and_can_then_speak_with_its_relay() {
    let hub = Hub::open(2).await;
    let enrolled = hub.enrol(&hub.token(), 40, Role::Agent, &[]).await.unwrap();
    let identity = enrolled.identity;
    assert_eq!((identity.client().as_str(), identity.site().as_str()), ("acme", "lyon"));
    assert_eq!((identity.node(), identity.role()), (key(40).node_id(), Role::Agent));
    assert_eq!(identity.facts().hub_key, hub.deployment.hub_key.public_key());
    assert_eq!((enrolled.server_time, enrolled.clock_off_ms), (NOW, None));
    let relay = hub.deployment.endpoint(hub.deployment.relay(20));
    let mut door = relay.listen();
    let agent = hub.deployment.endpoint(Arc::new(identity));
    let mut up = agent.dial(relay.local_address().unwrap(), None).await.unwrap();
    up.confirmed().await.unwrap();
    assert_eq!(support::session(&mut door).await.peer().node, key(40).node_id());
}

#[tokio::test]
async fn a_machine_without_a_route_to_the_hub_enrols_through_its_relay() {
    let hub = Hub::open(2).await;
    let (relay_address, _relay) = carrying_relay(&hub, vec![hub.address.to_string()]);
    let nowhere = JoinToken { hub_addrs: vec!["127.0.0.1:1".to_owned()], ..hub.token() };
    let enrolled = hub.enrol(&nowhere, 40, Role::Agent, &[relay_address.to_string()]).await.unwrap();
    assert_eq!(enrolled.identity.node(), key(40).node_id());
}

#[tokio::test]
async fn a_relay_that_is_cut_off_says_so() {
    let hub = Hub::open(2).await;
    let (relay_address, _relay) = carrying_relay(&hub, vec![]);
    let nowhere = JoinToken { hub_addrs: vec![relay_address.to_string()], ..hub.token() };
    let error = hub.enrol(&nowhere, 40, Role::Agent, &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "this relay can not reach the hub now; try again when its link is back");
    let endpoint = EnrolmentEndpoint::bind_anywhere(support::clock()).unwrap();
    let known = hub.deployment.agent(40);
    let error = come_back(&endpoint, &known, &[relay_address.to_string()]).await.unwrap_err();
    assert_eq!(error.to_string(), "this relay can not reach the hub now; try again when its link is back");
}

#[tokio::test]
async fn a_hub_with_another_fingerprint_is_not_told_anything() {
    let hub = Hub::open(2).await;
    let token = JoinToken { ca: CaFingerprint::of(b"another authority"), ..hub.token() };
    let error = hub.enrol(&token, 40, Role::Agent, &[]).await.unwrap_err();
    assert!(error.to_string().contains("not issued by this deployment's authority"), "{error}");
    assert!(hub.store.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_thief_with_an_agents_certificate_is_not_taken_for_the_hub() {
    let hub = Hub::open(2).await;
    let (leaf, secret) = stranger::stolen(&hub.deployment.agent(31));
    let thief = stranger::listen(leaf, secret);
    let address = thief.local_addr().unwrap();
    tokio::spawn(async move {
        while let Some(incoming) = thief.accept().await {
            drop(incoming.accept().unwrap().await)
        }
    });
    let token = JoinToken { hub_addrs: vec![address.to_string()], ..hub.token() };
    assert!(matches!(hub.enrol(&token, 40, Role::Agent, &[]).await, Err(EnrolError::Dial(_))));
}

#[tokio::test]
async fn the_same_machine_may_ask_again_and_another_may_not() {
    let hub = Hub::open(1).await;
    hub.enrol(&hub.token(), 40, Role::Agent, &[]).await.unwrap();
    hub.enrol(&hub.token(), 40, Role::Agent, &[]).await.unwrap();
    assert_eq!(refused(hub.enrol(&hub.token(), 41, Role::Agent, &[]).await), RefusedWhy::UsedUp);
}

#[tokio::test]
async fn a_token_that_does_not_count_is_refused_in_plain_words() {
    let hub = Hub::open(1).await;
    let wrong = JoinToken { secret: TokenSecret::from_random_bytes([1; 16]), ..hub.token() };
    assert_eq!(refused(hub.enrol(&wrong, 40, Role::Agent, &[]).await), RefusedWhy::Unknown);
    let unknown = JoinToken { id: TokenId([0; 8]), ..hub.token() };
    assert_eq!(refused(hub.enrol(&unknown, 40, Role::Agent, &[]).await), RefusedWhy::Unknown);
    assert_eq!(refused(hub.enrol(&hub.token(), 40, Role::Hub, &[]).await), RefusedWhy::WrongRole);
    hub.store.token.lock().unwrap().revoked = true;
    let error = hub.enrol(&hub.token(), 40, Role::Agent, &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "this token was taken back; ask for a new one");
}

#[tokio::test]
async fn a_wrong_clock_does_not_keep_a_machine_out_and_is_pointed_out() {
    let hub = Hub::open(2).await;
    let behind = TrustedTime::with_clock(UtcMs(0), || UtcMs(0));
    let enrolled = hub.enrol_at(behind, &hub.token(), 40, Role::Agent, &[]).await.unwrap();
    assert_eq!(enrolled.clock_off_ms, Some(-NOW.0));
    let ahead = TrustedTime::with_clock(UtcMs(0), || UtcMs(NOW.0 + 400 * DAY_MS));
    let error = hub.enrol_at(ahead, &hub.token(), 41, Role::Agent, &[]).await.unwrap_err();
    assert!(error.to_string().contains(&Refusal::Expired.to_string()), "{error}");
}

#[tokio::test]
async fn a_copy_becomes_a_node_of_its_own_through_its_relay_and_without_the_shared_key_nobody_does() {
    let hub = Hub::open(2).await;
    let (relay_address, _relay) = carrying_relay(&hub, vec![hub.address.to_string()]);
    let shared = hub.enrol(&hub.token(), 40, Role::Agent, &[]).await.unwrap().identity;
    let endpoint = EnrolmentEndpoint::bind_anywhere(support::clock()).unwrap();
    let via = [relay_address.to_string()];
    for _ in 0..2 {
        let own = part_from_twin(&endpoint, &shared, &key(41), ("copy", true), &via).await.unwrap();
        assert_eq!((own.node(), own.client(), own.site()), (key(41).node_id(), shared.client(), shared.site()));
        assert_eq!(Peer::of_leaf(own.leaf()).unwrap().formerly, Some(shared.node()));
    }
    // Somebody who has seen the leaf of another machine, as every peer has.
    let thief = hub.deployment.agent(50);
    let seen = Identity::new(key(50), &[thief.leaf().to_vec(), thief.ca().to_vec()], thief.facts().clone()).unwrap();
    let error = part_from_twin(&endpoint, &seen, &key(51), ("copy", true), &via).await.unwrap_err();
    assert!(matches!(error, EnrolError::NotReadmitted { .. }), "it is on no roster: {error}");
    hub.deployment.revocations.raise(Revocations::new(1, [shared.node()])).unwrap();
    let error = part_from_twin(&endpoint, &shared, &key(42), ("copy", true), &via).await.unwrap_err();
    assert!(error.to_string().contains("revoked"), "{error}");
}

#[tokio::test]
async fn a_node_that_was_away_longer_than_its_certificate_comes_back_without_a_token() {
    let hub = Hub::open(1).await;
    let (relay_address, _relay) = carrying_relay(&hub, vec![hub.address.to_string()]);
    let long_ago = UtcMs(NOW.0 - 200 * DAY_MS);
    let expired = hub.deployment.node_at(&key(40), Role::Agent, "acme", "lyon", long_ago);
    let endpoint = EnrolmentEndpoint::bind_anywhere(support::clock()).unwrap();
    let via = [relay_address.to_string()];
    let error = come_back(&endpoint, &expired, &via).await.unwrap_err();
    assert_eq!(error.to_string(), "this node is not on the roster; ask for a new token");
    hub.store.enrolled.lock().unwrap().push(key(40).node_id());
    let renewed = come_back(&endpoint, &expired, &via).await.unwrap();
    assert_eq!((renewed.node(), renewed.validity().not_before), (expired.node(), NOW));
    hub.deployment.revocations.raise(Revocations::new(1, [key(40).node_id()])).unwrap();
    let error = come_back(&endpoint, &expired, &via).await.unwrap_err();
    assert_eq!(error.to_string(), "this node was revoked");
}

#[tokio::test]
async fn nobody_comes_back_with_a_certificate_of_another_deployment() {
    let hub = Hub::open(1).await;
    let stranger = Deployment::new(100).agent(40);
    let endpoint = EnrolmentEndpoint::bind_anywhere(support::clock()).unwrap();
    let error = come_back(&endpoint, &stranger, &[hub.address.to_string()]).await.unwrap_err();
    assert!(matches!(error, EnrolError::Dial(_)), "{error}");
}

fn refused(result: Result<Enrolled, EnrolError>) -> RefusedWhy {
    match result {
        Err(EnrolError::Refused { refused, .. }) => refused.why,
        other => panic!("{other:?}"),
    }
}

fn carrying_relay(hub: &Hub, hub_addrs: Vec<String>) -> (SocketAddr, Endpoint) {
    let relay = hub.deployment.endpoint(hub.deployment.relay(20));
    let (mut door, carrier) = (relay.listen(), relay.clone());
    tokio::spawn(async move {
        while let Some(Accepted::Enrolment(enrolment)) = door.next().await {
            drop(forward_enrolment(enrolment, &carrier, &hub_addrs).await);
        }
    });
    (relay.local_address().unwrap(), relay)
}

/// A hub with one token for agents and relays of acme's site in Lyon.
struct Hub {
    deployment: Arc<Deployment>,
    store: Arc<Store>,
    address: SocketAddr,
    _endpoint: Endpoint,
}

struct Store {
    deployment: Arc<Deployment>,
    token: Mutex<Token>,
    enrolled: Mutex<Vec<NodeId>>,
    asked: Mutex<Vec<TokenId>>,
}

impl Hub {
    async fn open(uses: u32) -> Self {
        let deployment = Arc::new(Deployment::new(1));
        let endpoint = deployment.endpoint(deployment.hub());
        let token = Token {
            client: "acme".parse().unwrap(),
            site: "lyon".parse().unwrap(),
            roles: vec![Role::Agent, Role::Relay],
            uses_left: uses,
            expires_at: UtcMs(NOW.0 + DAY_MS),
            revoked: false,
            proof_key: TokenSecret::from_random_bytes([9; 16]).proof_key(),
        };
        let store = Arc::new(Store {
            deployment: deployment.clone(),
            token: Mutex::new(token),
            enrolled: Mutex::default(),
            asked: Mutex::default(),
        });
        let (mut door, admission) = (endpoint.listen(), store.clone());
        tokio::spawn(async move {
            while let Some(Accepted::Enrolment(enrolment)) = door.next().await {
                drop(serve_enrolment(enrolment, &*admission, NOW).await);
            }
        });
        Self { deployment, store, address: endpoint.local_address().unwrap(), _endpoint: endpoint }
    }

    fn token(&self) -> JoinToken {
        JoinToken {
            hub_addrs: vec![self.address.to_string()],
            ca: self.deployment.ca.fingerprint(),
            id: TokenId([7; 8]),
            secret: TokenSecret::from_random_bytes([9; 16]),
        }
    }

    async fn enrol(&self, token: &JoinToken, seed: u8, role: Role, via: &[String]) -> Result<Enrolled, EnrolError> {
        self.enrol_at(support::clock(), token, seed, role, via).await
    }

    async fn enrol_at(
        &self,
        time: TrustedTime,
        token: &JoinToken,
        seed: u8,
        role: Role,
        via: &[String],
    ) -> Result<Enrolled, EnrolError> {
        // As a person would bring it over.
        let token: JoinToken = token.to_text().unwrap().parse().unwrap();
        let endpoint = EnrolmentEndpoint::bind_anywhere(time).unwrap();
        let ask = Ask { role, hostname: "web-1".to_owned(), advertised: vec![] };
        enrol(&endpoint, &token, &key(seed), &ask, via).await
    }
}

impl Admission for Store {
    async fn admit(&self, request: EnrolRequest, _from: SocketAddr) -> Result<Admitted, Refused> {
        self.asked.lock().unwrap().push(request.token);
        if request.token != TokenId([7; 8]) {
            return Err(Refused::new(RefusedWhy::Unknown));
        }
        let bad = |_| Refused::new(RefusedWhy::BadRequest);
        let node = NodeId::of_key(&public_key_of_csr(&request.csr).map_err(bad)?);
        let (mut token, mut enrolled) = (self.token.lock().unwrap(), self.enrolled.lock().unwrap());
        let again = enrolled.contains(&node);
        token.check(NOW, &request, again)?;
        if !again {
            token.uses_left -= 1;
            enrolled.push(node);
        }
        let life = Duration::from_secs(90 * 24 * 3_600);
        let ca = &self.deployment.ca;
        let issued = ca.issue(&request.csr, request.role, &token.client, &token.site, life, NOW).map_err(bad)?;
        Ok(Admitted {
            chain: issued.chain,
            client: token.client.clone(),
            site: token.site.clone(),
            hub_key: self.deployment.hub_key.public_key(),
            hub_addrs: vec!["hub.example:4433".to_owned()],
            relay_addrs: vec![],
            proof_key: token.proof_key,
        })
    }

    async fn part(&self, parting: Parting, _from: SocketAddr) -> Result<[Vec<u8>; 2], Refused> {
        if !self.enrolled.lock().unwrap().contains(&parting.peer.node) {
            return Err(Refused::new(RefusedWhy::Unknown));
        }
        let bad = |_| Refused::new(RefusedWhy::BadRequest);
        let node = NodeId::of_key(&public_key_of_csr(&parting.csr).map_err(bad)?);
        let Peer { node: of, role, client, site, .. } = parting.peer;
        let life = Duration::from_secs(90 * 24 * 3_600);
        let standing = Standing { node, role, client, site };
        Ok(self.deployment.ca.issue_as(&parting.csr, standing, Some(of), life, NOW).map_err(bad)?.chain)
    }

    async fn readmit(&self, peer: Peer, csr: Vec<u8>, _from: SocketAddr) -> Result<[Vec<u8>; 2], Refused> {
        if !self.enrolled.lock().unwrap().contains(&peer.node) {
            return Err(Refused::saying(RefusedWhy::Unknown, "this node is not on the roster; ask for a new token"));
        }
        let life = Duration::from_secs(90 * 24 * 3_600);
        let issued = self.deployment.ca.renew(&csr, &peer, life, NOW);
        Ok(issued.map_err(|_| Refused::new(RefusedWhy::BadRequest))?.chain)
    }
}
