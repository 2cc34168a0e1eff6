//! Frames on lanes between two nodes on loopback.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use bytes::Bytes;
use support::Deployment;
use tokio::time::timeout;
use vigie_net::{CloseCode, Closed, MAX_FRAME_BYTES, SendError};
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
    assert_eq!(up.try_send(Lane::State, vec![0; MAX_FRAME_BYTES + 1]), Err(SendError::Size { bytes: MAX_FRAME_BYTES + 1 }));
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
