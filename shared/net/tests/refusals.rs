//! Who is kept out, before a byte of theirs is read, and how both sides learn why.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use support::stranger::{self, Log};
use support::{DAY_MS, Deployment, NOW, key};
use tokio::time::timeout;
use vigie_model::{Role, UtcMs};
use vigie_net::{Closed, DialError, Endpoint, Listener, Refusal, Revocations};
use vigie_sync::Lane;

#[tokio::test]
async fn an_expired_agent_is_refused_and_both_sides_know_why() {
    let deployment = Deployment::new(1);
    let long_ago = UtcMs(NOW.0 - 200 * DAY_MS);
    let expired = deployment.node_at(&key(30), Role::Agent, "acme", "lyon", long_ago);
    let agent = deployment.endpoint(expired);
    let reason = refused_by_relay(&deployment, &agent, "expired").await;
    assert_eq!(reason, Closed::Refused(Refusal::Expired));
    assert_eq!(reason.to_string(), "the other side refused our certificate: expired");
}

#[tokio::test]
async fn a_revoked_agent_is_refused_and_both_sides_know_why() {
    let deployment = Deployment::new(1);
    deployment.revocations.raise(Revocations::new(1, [key(30).node_id()])).unwrap();
    let agent = deployment.endpoint(deployment.agent(30));
    assert_eq!(refused_by_relay(&deployment, &agent, "revoked").await, Closed::Refused(Refusal::Revoked));
}

#[tokio::test]
async fn an_agent_of_another_site_is_refused_and_both_sides_know_why() {
    let deployment = Deployment::new(1);
    // Its own program would not stay with this relay; a thief's would.
    let paris = deployment.node(&key(30), Role::Agent, "acme", "paris");
    let closed = stranger_refused(&deployment, Some(stranger::stolen(&paris)), "acme/paris").await;
    let Closed::Refused(Refusal::Unfit(text)) = closed else { panic!("{closed:?}") };
    assert_eq!(text, "wrong site: it belongs to acme/paris, this is acme/lyon");
}

#[tokio::test]
async fn a_relay_that_dials_a_relay_is_refused_and_both_sides_know_why() {
    let deployment = Deployment::new(1);
    let other = deployment.relay(31);
    let closed = stranger_refused(&deployment, Some(stranger::stolen(&other)), "wrong role").await;
    assert!(matches!(closed, Closed::Refused(Refusal::Unfit(_))), "{closed:?}");
}

#[tokio::test]
async fn a_self_signed_node_is_refused_and_both_sides_know_why() {
    let closed = stranger_refused(&Deployment::new(1), Some(stranger::self_signed()), "authority").await;
    assert_eq!(closed, Closed::Refused(Refusal::UnknownAuthority));
}

#[tokio::test]
async fn a_node_of_another_deployment_is_refused_and_both_sides_know_why() {
    let foreign = Deployment::new(100).agent(30);
    let closed = stranger_refused(&Deployment::new(1), Some(stranger::stolen(&foreign)), "authority").await;
    assert_eq!(closed, Closed::Refused(Refusal::UnknownAuthority));
}

#[tokio::test]
async fn a_session_without_a_certificate_is_closed_with_the_reason() {
    let closed = stranger_refused(&Deployment::new(1), None, "without a certificate").await;
    assert_eq!(closed, Closed::Refused(Refusal::NoCertificate));
}

#[tokio::test]
async fn another_protocol_is_not_spoken() {
    let deployment = Deployment::new(1);
    let relay = deployment.endpoint(deployment.relay(20));
    let _door = relay.listen();
    let shown = Some(stranger::stolen(&deployment.agent(30)));
    let closed = stranger::dial(relay.local_address().unwrap(), shown, b"vigie/9").await.unwrap_err();
    assert_eq!(Closed::from(closed), Closed::OtherProtocol);
}

#[tokio::test]
async fn an_agent_does_not_stay_with_an_agent_that_plays_relay() {
    let deployment = Deployment::new(1);
    let (leaf, key) = stranger::stolen(&deployment.agent(31));
    let closed = agent_refuses(&deployment, leaf, key).await;
    assert!(matches!(&closed, Closed::RefusedByUs(Refusal::Unfit(why)) if why.contains("wrong role")), "{closed:?}");
}

#[tokio::test]
async fn an_agent_does_not_stay_with_the_relay_of_another_site() {
    let deployment = Deployment::new(1);
    let (leaf, key) = stranger::stolen(&deployment.node(&key(31), Role::Relay, "acme", "paris"));
    let closed = agent_refuses(&deployment, leaf, key).await;
    assert!(matches!(&closed, Closed::RefusedByUs(Refusal::Unfit(why)) if why.contains("wrong site")), "{closed:?}");
}

#[tokio::test]
async fn an_agent_does_not_stay_with_a_stranger() {
    let (leaf, key) = stranger::self_signed();
    let closed = agent_refuses(&Deployment::new(1), leaf, key).await;
    assert_eq!(closed, Closed::RefusedByUs(Refusal::UnknownAuthority));
}

#[tokio::test]
async fn an_agent_that_means_one_relay_does_not_stay_with_another() {
    let deployment = Deployment::new(1);
    let relay = deployment.endpoint(deployment.relay(20));
    let _door = relay.listen();
    let agent = deployment.endpoint(deployment.agent(30));
    let address = relay.local_address().unwrap();
    let error = agent.dial(address, Some(key(21).node_id())).await.unwrap_err();
    assert!(error.is_refusal() && error.to_string().contains("wrong node"), "{error}");
    assert!(agent.dial(address, Some(key(20).node_id())).await.is_ok());
}

#[tokio::test]
async fn a_relay_whose_clock_is_behind_still_serves_a_node_that_enrolled_just_now() {
    let deployment = Deployment::new(1);
    let relay = deployment.endpoint(deployment.relay(20));
    let mut door = relay.listen();
    let tomorrow = UtcMs(NOW.0 + DAY_MS);
    let agent = deployment.endpoint(deployment.node_at(&key(30), Role::Agent, "acme", "lyon", tomorrow));
    let mut up = agent.dial(relay.local_address().unwrap(), None).await.unwrap();
    up.confirmed().await.unwrap();
    support::session(&mut door).await;
}

#[tokio::test]
async fn an_isolated_site_does_not_fall_apart_when_certificates_end() {
    let deployment = Deployment::new(1);
    let days_ago = |days: i64| UtcMs(NOW.0 - days * DAY_MS);
    let config = deployment.config(deployment.node_at(&key(20), Role::Relay, "acme", "lyon", days_ago(80)));
    config.time.cut_off(days_ago(70));
    let relay = Endpoint::bind(config.clone(), support::loopback()).unwrap();
    let mut door = relay.listen();
    let agent = deployment.endpoint(deployment.node_at(&key(30), Role::Agent, "acme", "lyon", days_ago(100)));
    let address = relay.local_address().unwrap();
    agent.dial(address, None).await.unwrap().confirmed().await.unwrap();
    support::session(&mut door).await;
    config.time.reached();
    let closed = agent.dial(address, None).await.unwrap().confirmed().await.unwrap_err();
    assert_eq!(closed, Closed::Refused(Refusal::Expired));
}

#[tokio::test]
async fn a_full_relay_turns_newcomers_away() {
    let deployment = Deployment::new(1);
    let mut config = deployment.config(deployment.relay(20));
    config.max_connections = 1;
    let relay = Endpoint::bind(config, support::loopback()).unwrap();
    let mut door = relay.listen();
    let address = relay.local_address().unwrap();
    let agent = deployment.endpoint(deployment.agent(30));
    let _up = agent.dial(address, None).await.unwrap();
    let _down = support::session(&mut door).await;
    let closed = deployment.endpoint(deployment.agent(31)).dial(address, None).await.unwrap_err();
    assert_eq!(closed, DialError::Closed { address, closed: Closed::Busy });
}

/// Lets an agent dial a relay that will refuse it; checks the relay's log; returns what the agent learnt.
async fn refused_by_relay(deployment: &Deployment, agent: &Endpoint, logged: &str) -> Closed {
    let log = Log::listen();
    let relay = deployment.endpoint(deployment.relay(20));
    let mut door = relay.listen();
    let mut up = agent.dial(relay.local_address().unwrap(), None).await.unwrap();
    // Said before the refusal arrives, and never read.
    drop(up.try_send(Lane::Control, "hello"));
    let closed = timeout(Duration::from_secs(5), up.confirmed()).await.unwrap().unwrap_err();
    log.says(logged).await;
    log.says("refused a connection address=127.0.0.1:").await;
    nobody_came_in(&mut door).await;
    closed
}

async fn stranger_refused(
    deployment: &Deployment,
    shown: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    logged: &str,
) -> Closed {
    let log = Log::listen();
    let relay = deployment.endpoint(deployment.relay(20));
    let mut door = relay.listen();
    let closed = match stranger::dial(relay.local_address().unwrap(), shown, b"vigie/1").await {
        Ok(connection) => {
            if let Ok(mut stream) = connection.open_uni().await {
                drop(stream.write_all(&[0, 1, 1]).await);
            }
            timeout(Duration::from_secs(5), connection.closed()).await.unwrap()
        }
        Err(closed) => closed,
    };
    log.says(logged).await;
    nobody_came_in(&mut door).await;
    closed.into()
}

async fn agent_refuses(deployment: &Deployment, leaf: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> Closed {
    let listener = stranger::listen(leaf, key);
    let address: SocketAddr = listener.local_addr().unwrap();
    let at_the_door = tokio::spawn(async move { listener.accept().await.unwrap().accept().unwrap().await });
    let agent = deployment.endpoint(deployment.agent(30));
    let error = agent.dial(address, None).await.unwrap_err();
    assert!(error.is_refusal());
    let told = Closed::from(at_the_door.await.unwrap().unwrap_err());
    assert!(matches!(told, Closed::Refused(_)), "{told:?}");
    match error {
        DialError::Closed { closed, .. } => closed,
        other => panic!("{other:?}"),
    }
}

async fn nobody_came_in(door: &mut Listener) {
    assert!(timeout(Duration::from_millis(100), door.next()).await.is_err());
}
