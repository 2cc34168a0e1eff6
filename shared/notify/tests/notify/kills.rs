//! Does a webhook that honours keys see one beginning and one end, wherever the sender is killed?
//!
//! By enumeration: the story is lived once for each operation of the sender's disk, and before and after each request, and
//! lived on by a second process. Requests go over real connections; some answers are lost on their way.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::webhook::{Does, KEY, Receiver};
use crate::common::{MINUTE, SECOND, alert, configured, now};
use vigie_notify::{Channel, ChannelSetup, Desk, Rules, Seat};
use vigie_store::State;
use vigie_store::fault::{FaultDisk, Faults};

/// Where the sender is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Never,
    /// At this operation of its disk.
    AtOperation(u64),
    /// Before this request, or after its answer and before that is written down.
    AtRequest(u32, bool),
}

struct Killed;

struct Story {
    rules: Rules,
    setup: ChannelSetup,
    receiver: Receiver,
    stop: Stop,
    now_ms: i64,
    requests: u32,
}

const ENDS: i64 = 6 * MINUTE;
const OVER: i64 = 20 * MINUTE;

impl Story {
    /// One process, until it is killed or all is over.
    async fn live(&mut self, disk: &FaultDisk) -> Result<(), Killed> {
        let (state, _) = State::open_on(disk.clone()).map_err(|_| Killed)?;
        let desk = Desk::open(Arc::new(state), self.rules.clone(), b"boot", now(self.now_ms)).map_err(|_| Killed)?;
        let channel = Channel::new(self.setup.clone());
        let lit = alert(1, 0);
        let mut heard = BTreeSet::new();
        while self.now_ms <= OVER {
            // The watch tells again after a start, in the same order.
            for (at, change) in [(0, lit.begins()), (ENDS, lit.ends(ENDS))] {
                if at <= self.now_ms && heard.insert(at) {
                    drop(desk.hear([change], now(self.now_ms)));
                    self.is_alive(disk)?;
                }
            }
            for letter in desk.due(now(self.now_ms)).letters {
                self.is_alive(disk)?;
                let number = self.requests;
                self.requests += 1;
                self.dies_if(number, false)?;
                let outcome = channel.send(&letter.intent, now(self.now_ms).utc).await;
                self.dies_if(number, true)?;
                drop(desk.settle(letter.id(), outcome, now(self.now_ms), 0));
            }
            self.is_alive(disk)?;
            self.now_ms += 20 * SECOND;
        }
        Ok(())
    }

    /// Nothing is done after the operation at which it was killed.
    fn is_alive(&self, disk: &FaultDisk) -> Result<(), Killed> {
        let is_dead = matches!(self.stop, Stop::AtOperation(at) if disk.operations() > at);
        if is_dead { Err(Killed) } else { Ok(()) }
    }

    fn dies_if(&self, request: u32, is_after: bool) -> Result<(), Killed> {
        if self.stop == Stop::AtRequest(request, is_after) { Err(Killed) } else { Ok(()) }
    }
}

/// Lives the story: what a receiver that honours keys has seen, and how many operations and requests there were before the
/// kill.
async fn lived(folder: &std::path::Path, stop: Stop, answers: &[Does]) -> (Vec<String>, u64, u32) {
    let receiver = Receiver::new().await;
    receiver.does_next(answers);
    let text = format!(
        "[[channel]]\nkind='webhook'\nname='hook'\nurl='http://{}/'\nsecret_file='{}/key'\n
         [[route]]\nname='r'\nchannels=['hook']\nalways=true\nrepeat_s=0\n",
        receiver.at,
        folder.display()
    );
    let (rules, mut channels) = configured(&text, Seat::Relay);
    let disk = FaultDisk::new();
    if let Stop::AtOperation(at) = stop {
        disk.set_faults(Faults { cut_at: Some(at), ..Faults::default() });
    }
    let mut story = Story { rules, setup: channels.remove(0), receiver, stop, now_ms: 0, requests: 0 };
    let first = story.live(&disk).await;
    let (operations, requests) = (disk.operations(), story.requests);
    if first.is_err() {
        story.stop = Stop::Never;
        assert!(story.live(&disk.killed()).await.is_ok(), "the second process can live: {stop:?}");
    }
    assert_eq!(story.receiver.with(|inner| inner.wrongly_signed), 0);
    let mut seen = BTreeSet::new();
    let got = story.receiver.got().into_iter().filter(|got| seen.insert(got.key.clone()));
    (got.map(|got| got.body["kind"].as_str().unwrap_or_default().to_owned()).collect(), operations, requests)
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_the_sender_is_killed_a_webhook_that_honours_keys_sees_one_beginning_and_one_end() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("key"), KEY).expect("written");
    let lost = [Does::TakesAndDrops, Does::Says(503, None), Does::Takes, Does::TakesAndDrops];
    for answers in [&[][..], &lost] {
        let (_, operations, requests) = lived(folder.path(), Stop::Never, answers).await;
        let writes = (0..operations).map(Stop::AtOperation);
        let sends = (0..requests).flat_map(|request| [false, true].map(|after| Stop::AtRequest(request, after)));
        let all: Vec<Stop> = [Stop::Never].into_iter().chain(writes).chain(sends).collect();
        assert!(all.len() > 40, "{} stops", all.len());
        for stop in all {
            let (effects, _, _) = lived(folder.path(), stop, answers).await;
            assert_eq!(effects, ["firing", "resolved"], "{stop:?} of {operations} operations, {requests} requests");
        }
    }
}
