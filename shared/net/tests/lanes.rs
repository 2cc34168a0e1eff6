//! Frames on lanes between two nodes on loopback.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use bytes::Bytes;
use support::{Deployment, key, stranger};
use tokio::time::timeout;
use vigie_net::{CloseCode, Closed, MAX_FRAME_BYTES, Refusal, Revocations, Roster, SendError};
use vigie_sync::Lane;

#[tokio::test]
async fn a_frame_on_each_lane_arrives_on_its_lane_both_ways() {
    let (mut up, mut down) = Deployment::new(1).pair().await;
    for lane in Lane::ALL {
        up.send(lane, vec![lane.number(); 1_000]).await.unwrap();
        down.send(lane, vec![lane.number(); 2_000]).await.unwrap();
    }
    for (side, bytes) in [(&mut down, 1_000), (&mut up, 2_000)] {
        let mut seen = Vec::new();
        for _ in Lane::ALL {
            let (lane, frame) = side.recv().await.unwrap();
            assert_eq!(frame, vec![lane.number(); bytes]);
            seen.push(lane);
        }
        seen.sort();
        assert_eq!(seen, Lane::ALL);
    }
    assert_eq!(up.lane_bytes(Lane::Live).sent_bytes, 1_000);
    assert_eq!(down.lane_bytes(Lane::Live).received_frames, 1);
}

#[tokio::test]
async fn the_largest_frame_arrives_and_a_larger_one_is_not_taken() {
    let (up, mut down) = Deployment::new(1).pair().await;
    assert_eq!(
        up.try_send(Lane::State, vec![0; MAX_FRAME_BYTES + 1]),
        Err(SendError::Size { bytes: MAX_FRAME_BYTES + 1 })
    );
    up.send(Lane::State, vec![7; MAX_FRAME_BYTES]).await.unwrap();
    assert_eq!(down.recv().await.unwrap(), (Lane::State, Bytes::from(vec![7; MAX_FRAME_BYTES])));
}

#[tokio::test]
async fn a_dialler_knows_when_it_was_accepted_and_who_accepted_it() {
    let (mut up, down) = Deployment::new(1).pair().await;
    up.confirmed().await.unwrap();
    assert!(up.link().is_confirmed());
    assert_eq!(up.peer().role, vigie_model::Role::Relay);
    assert_eq!(down.peer().role, vigie_model::Role::Agent);
}

#[tokio::test]
async fn the_reason_of_a_close_reaches_the_other_side() {
    let (up, mut down) = Deployment::new(1).pair().await;
    up.close(CloseCode::Session, "the agent is shutting down");
    let expected = Closed::ByPeer { code: CloseCode::Session, text: "the agent is shutting down".to_owned() };
    assert_eq!(timeout(Duration::from_secs(5), down.recv()).await.unwrap(), Err(expected));
    assert!(matches!(up.try_send(Lane::Control, "x"), Err(SendError::Closed(Closed::Here { .. }))));
}

#[tokio::test]
async fn a_lane_that_is_not_read_does_not_block_another() {
    let deployment = Deployment::new(1);
    let relay = deployment.endpoint(deployment.relay(20));
    let mut door = relay.listen();
    let shown = Some(stranger::stolen(&deployment.agent(30)));
    let lazy = stranger::dial(relay.local_address().unwrap(), shown, b"vigie/1").await.unwrap();
    let down = support::session(&mut door).await;
    let full = timeout(Duration::from_secs(5), async {
        loop {
            match down.try_send(Lane::Backlog, vec![0; 64 * 1024]) {
                Ok(()) => tokio::task::yield_now().await,
                // Full may mean that the writer was not yet on: only a lasting one counts.
                Err(SendError::Full { .. }) => {
                    let queued = down.queued_bytes(Lane::Backlog);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    if down.queued_bytes(Lane::Backlog) == queued {
                        return queued;
                    }
                }
                Err(other) => panic!("{other}"),
            }
        }
    });
    assert!(full.await.unwrap() > 0);
    down.send(Lane::Control, "urgent").await.unwrap();
    let mut control = lazy.accept_uni().await.unwrap();
    let mut said = [0; 8];
    timeout(Duration::from_secs(5), control.read_exact(&mut said)).await.unwrap().unwrap();
    assert_eq!(&said, b"\0\x06urgent");
}

#[tokio::test]
async fn a_wait_for_a_frame_may_be_dropped_at_any_moment_and_loses_nothing() {
    let (up, mut down) = Deployment::new(1).pair().await;
    let sender = up.sender();
    let sending = tokio::spawn(async move {
        for number in 0..200_u32 {
            sender.send(Lane::ALL[number as usize % 7], vec![number as u8; 3_000]).await.unwrap();
        }
    });
    let (mut frames, mut dropped) = (0, 0);
    while frames < 200 {
        tokio::select! {
            biased;
            frame = down.recv() => { frame.unwrap(); frames += 1; }
            () = tokio::task::yield_now() => dropped += 1,
        }
    }
    sending.await.unwrap();
    assert!(dropped > 0);
}

#[tokio::test]
async fn a_busy_lane_leaves_turns_to_others() {
    let (up, mut down) = Deployment::new(1).pair().await;
    for _ in 0..200 {
        up.send(Lane::Backlog, vec![0; 1_000]).await.unwrap();
        up.send(Lane::Alerts, vec![1; 10]).await.unwrap();
    }
    for lane in [Lane::Backlog, Lane::Alerts] {
        up.sender().drained(lane).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut first = Vec::new();
    for _ in 0..100 {
        first.push(down.recv().await.unwrap().0);
    }
    let alerts = first.iter().filter(|lane| **lane == Lane::Alerts).count();
    assert!((40..=60).contains(&alerts), "{alerts}");
}

#[tokio::test]
async fn who_breaks_the_rules_of_the_wire_is_put_out_with_the_reason() {
    let largest = [&[4][..], &[0xff, 0xff, 0x7f], &[0; 100]].concat();
    for (said, reason) in [
        (vec![largest], "a frame of more than 262144 bytes"),
        (vec![vec![4, 0]], "an empty frame"),
        (vec![vec![9, 1, 1]], "a stream of lane 9, which there is not"),
        (vec![vec![4, 1, 1], vec![4, 1, 1]], "a second stream of lane live"),
    ] {
        let deployment = Deployment::new(1);
        let relay = deployment.endpoint(deployment.relay(20));
        let mut door = relay.listen();
        let shown = Some(stranger::stolen(&deployment.agent(30)));
        let rude = stranger::dial(relay.local_address().unwrap(), shown, b"vigie/1").await.unwrap();
        let mut down = support::session(&mut door).await;
        let mut streams = Vec::new();
        for bytes in said {
            let mut stream = rude.open_uni().await.unwrap();
            stream.write_all(&bytes).await.unwrap();
            streams.push(stream);
        }
        let ours = timeout(Duration::from_secs(5), async {
            loop {
                if let Err(closed) = down.recv().await {
                    return closed;
                }
            }
        });
        assert_eq!(ours.await.unwrap().to_string(), format!("closed here: the other side broke the rules: {reason}"));
        let theirs = Closed::from(timeout(Duration::from_secs(5), rude.closed()).await.unwrap());
        assert_eq!(theirs, Closed::ByPeer { code: CloseCode::Misbehaved, text: reason.to_owned() });
    }
}

#[tokio::test]
async fn a_newer_connection_of_a_node_replaces_the_older() {
    let deployment = Deployment::new(1);
    let relay = deployment.endpoint(deployment.relay(20));
    let mut door = relay.listen();
    let agent = deployment.endpoint(deployment.agent(30));
    let roster = Roster::default();
    let mut up = Vec::new();
    for _ in 0..2 {
        up.push(agent.dial(relay.local_address().unwrap(), None).await.unwrap());
        let down = support::session(&mut door).await;
        roster.enter(down.link());
        up.last_mut().unwrap().confirmed().await.unwrap();
        // Kept alive by the test's end.
        std::mem::forget(down);
    }
    let closed = timeout(Duration::from_secs(5), up[0].recv()).await.unwrap().unwrap_err();
    assert!(matches!(closed, Closed::ByPeer { code: CloseCode::Replaced, .. }), "{closed:?}");
    assert_eq!(roster.all().len(), 1);
    deployment.revocations.raise(Revocations::new(1, [key(30).node_id()])).unwrap();
    roster.enforce(&deployment.revocations);
    let closed = timeout(Duration::from_secs(5), up[1].recv()).await.unwrap().unwrap_err();
    assert_eq!(closed, Closed::Refused(Refusal::Revoked));
}

#[tokio::test]
async fn a_node_that_hoards_connections_loses_the_oldest() {
    let deployment = Deployment::new(1);
    let relay = deployment.endpoint(deployment.relay(20));
    let mut door = relay.listen();
    let agent = deployment.endpoint(deployment.agent(30));
    let (mut up, mut down) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        up.push(agent.dial(relay.local_address().unwrap(), None).await.unwrap());
        down.push(support::session(&mut door).await);
    }
    let closed = timeout(Duration::from_secs(5), up[0].recv()).await.unwrap().unwrap_err();
    assert!(matches!(closed, Closed::ByPeer { code: CloseCode::Replaced, .. }), "{closed:?}");
    assert!(up[1].link().closed().is_none());
}
