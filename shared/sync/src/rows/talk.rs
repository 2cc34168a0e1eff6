//! One conversation about rows: what is asked, what is answered, and when.
//!
//! What the body does for each wish stands beside the wish; all it needs is in `vigie_store::rows`. The transport delivers
//! each lane in order or ends the session; nothing is asked twice within one. Frames of another session, doubled or late,
//! name places nobody asked for, and are passed over.

mod compare;
mod give;
mod lacking;
mod take;

use std::collections::VecDeque;

use vigie_codec::wire::WireError;
use vigie_codec::wire::rows::{Entry, RowAsk, RowFrame, RowGive, RowHello};
use vigie_merge::Urgency;
use vigie_model::Role;

use self::compare::{Answering, Comparing};
use self::give::{Open, Passing};
use self::lacking::Giving;
use super::keep::{Applied, Digest, Recalled, RowFacts, RowPeer};
use crate::Lane;

/// On a metered line, changes of state wait this long for company: each frame costs some sixty bytes around it.
pub const COALESCE_MS: u64 = 10_000;

/// How often everything is compared although nothing is known to differ.
pub const COMPARE_EVERY_MS: u64 = 86_400_000;

/// How long a peer may not hear that changes went by which are not for it: what is forgotten waits for its word.
const PASS_BY_MS: u64 = 3_600_000;

/// Frames that wait for a peer to be remembered: two questions and a comparison, and as many again, doubled.
const MAX_EARLY: usize = 16;

/// What the mind of a conversation is told.
#[derive(Debug, Clone)]
pub enum RowInput {
    /// A frame arrived on the lane of alerts or of state.
    Frame(Vec<u8>),
    /// This node's rows changed, by whoever it was.
    Changed(RowFacts),
    /// To [`RowWish::Recall`].
    Recalled(Recalled),
    /// To [`RowWish::Serve`].
    Served(RowGive),
    /// To [`RowWish::Apply`] and [`RowWish::Keep`]: durable.
    Applied(Applied),
    /// To [`RowWish::Digest`].
    Digested(Digest),
    /// To [`RowWish::Passed`]: durable, where it is to be.
    Passed,
    /// To [`RowWish::Fetch`]. As many as fit; those that were left out are asked for again.
    Fetched(Vec<Entry>),
    /// To [`RowWish::Settle`]: durable.
    Settled,
    /// The store could not carry out a wish; nothing of it was kept.
    Failed,
    /// The time that [`RowTalk::next_timeout_ms`] asked for has come.
    Timeout,
}

/// What it wishes. Wishes for the store are carried out and answered in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowWish {
    /// Send a frame.
    Send(Lane, Vec<u8>),
    /// Remember the peer, whose hello this is; say [`RowInput::Recalled`].
    Recall(RowHello),
    /// Gather what changed since; say [`RowInput::Served`].
    Serve(RowAsk, RowHello),
    /// The peer says with its question up to where it has this node's changes; say [`RowInput::Passed`].
    Passed(RowAsk),
    /// Keep these rows, and up to where they go, in one commit; say [`RowInput::Applied`].
    Apply(RowGive, RowHello),
    /// Keep these rows, which are of no sequence; say [`RowInput::Applied`].
    Keep(Vec<Entry>, RowHello),
    /// Sum up what is here; say [`RowInput::Digested`].
    Digest,
    /// Gather these rows; say [`RowInput::Fetched`].
    Fetch(Vec<Vec<u8>>, RowHello),
    /// All that the peer had up to this place is here; say [`RowInput::Settled`].
    Settle(u64, RowHello),
    /// This node's rows begin a new life, for they were restored or live twice; then end every session.
    Reborn,
    /// This node's rows begin again from what others have; then end every session.
    BeginAgain,
    /// End the session.
    Close(RowBroke),
}

/// Why a conversation about rows ends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowBroke {
    /// The peer said something it may not say.
    #[error("the peer broke the protocol of rows: {0}")]
    Protocol(#[from] WireError),
    /// The peer said more than it was asked for, or asked for more at a time than anybody does.
    #[error("the peer said more of rows than it was asked for, or asked for more of them at a time than anybody does")]
    Unasked,
    /// The store failed; the peer should come back later.
    #[error("the store can not keep rows now; come back later")]
    StoreTrouble,
    /// This node's rows began a new life.
    #[error("the rows here began a new life; come back and compare")]
    NewLife,
}

/// The mind of one conversation.
#[derive(Debug)]
pub struct RowTalk {
    me: RowPeer,
    facts: RowFacts,
    peer: RowPeer,
    /// The hello that was sent.
    said: RowHello,
    metered: bool,
    /// The peer's hello, and what is remembered of the peer.
    heard: Option<RowHello>,
    recalled: Option<Recalled>,
    /// What came before that: the lane of state may be faster than the one of alerts, on which the hello comes.
    early: Vec<RowFrame>,
    /// The peer must begin again: nothing is taken from it and nothing given.
    barred: bool,
    over: bool,
    /// Up to where the peer's changes are durable here.
    cursors: [Option<u64>; 2],
    asked: [Asked; 2],
    /// What the peer asked and was not told yet.
    open: [Option<Open>; 2],
    serving: [bool; 2],
    passing: Passing,
    /// When the peer was last told of changes.
    given_ms: [Option<u64>; 2],
    comparing: Option<Comparing>,
    giving: Giving,
    answering: Option<Answering>,
    /// The comparison of the peer's that is open, from its first question to its end: what is lacking here may come.
    taking: Option<u32>,
    /// The peer has compared: its changes up to here are here.
    settling_at: Option<u64>,
    /// When all is compared next; none when the peer does so.
    compare_due_ms: Option<u64>,
    runs: u32,
    now_ms: u64,
    began_ms: u64,
    /// Wishes under way whose answers look alike, in order.
    doing: VecDeque<Doing>,
    wishes: VecDeque<RowWish>,
}

/// Where a question of this side is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Not asked.
    Not,
    /// Asked, since this place.
    Since(u64),
    /// Answered; the rows are being kept.
    Keeping,
}

/// Which wish an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Apply(usize),
    KeepWanted,
    KeepGiven,
    DigestToAsk,
    DigestToAnswer,
    FetchWanted(u32),
    FetchGiven,
}

impl RowTalk {
    /// Begins a conversation. `metered`: each byte of the line costs.
    pub fn new(me: RowPeer, facts: RowFacts, peer: RowPeer, metered: bool, hello: RowHello, now_ms: u64) -> Self {
        let mut talk = Self {
            me,
            facts,
            peer,
            said: hello,
            metered,
            heard: None,
            recalled: None,
            early: Vec::new(),
            barred: false,
            over: false,
            cursors: [None; 2],
            asked: [Asked::Not; 2],
            open: [None; 2],
            serving: [false; 2],
            passing: Passing::default(),
            given_ms: [None; 2],
            comparing: None,
            giving: Giving::default(),
            answering: None,
            taking: None,
            settling_at: None,
            compare_due_ms: None,
            runs: 0,
            now_ms,
            began_ms: now_ms,
            doing: VecDeque::new(),
            wishes: VecDeque::new(),
        };
        talk.send(Lane::Alerts, &RowFrame::Hello(hello));
        talk
    }

    /// What happened; `now_ms` is on the clock that only goes forward.
    pub fn handle(&mut self, input: RowInput, now_ms: u64) {
        self.now_ms = self.now_ms.max(now_ms);
        if self.over {
            return;
        }
        match input {
            RowInput::Frame(bytes) => match RowFrame::decode(&bytes) {
                Ok(frame @ (RowFrame::Hello(_) | RowFrame::BeginAgain)) => self.frame(frame),
                Ok(_) if self.barred => {}
                Ok(_) if self.recalled.is_none() && self.early.len() >= MAX_EARLY => {
                    self.close(RowBroke::Unasked);
                }
                Ok(frame) if self.recalled.is_none() => self.early.push(frame),
                Ok(frame) => self.frame(frame),
                Err(error) => self.close(error.into()),
            },
            RowInput::Changed(facts) if facts.epoch != self.facts.epoch => self.close(RowBroke::NewLife),
            RowInput::Changed(facts) => self.facts = facts,
            RowInput::Recalled(recalled) => self.recalled(recalled),
            RowInput::Served(give) => self.served(give),
            RowInput::Applied(applied) => self.applied(applied),
            RowInput::Digested(digest) => self.digested(digest),
            RowInput::Passed => self.was_passed(),
            RowInput::Fetched(entries) => self.fetched(entries),
            RowInput::Settled => self.settled(),
            RowInput::Failed => self.close(RowBroke::StoreTrouble),
            RowInput::Timeout => {}
        }
        if !self.over && !self.barred {
            self.compare_when_due();
            self.serve_what_can_be();
        }
    }

    /// The next wish.
    pub fn poll(&mut self) -> Option<RowWish> {
        self.wishes.pop_front()
    }

    /// When to say [`RowInput::Timeout`], on the clock that only goes forward.
    pub fn next_timeout_ms(&self) -> Option<u64> {
        if self.over || self.barred || self.heard.is_none() {
            return None;
        }
        let waiting = Urgency::ALL.iter().filter_map(|urgency| self.serve_at_ms(*urgency as usize));
        let forget = self.answering.as_ref().and_then(Answering::until_ms);
        waiting.chain(forget).chain(self.compare_due_ms.filter(|_| self.comparing.is_none())).min()
    }

    /// Whether this side has nothing to ask, to keep or to answer now.
    pub fn is_quiet(&self) -> bool {
        let asked = self.asked.iter().all(|asked| matches!(asked, Asked::Since(_)));
        asked
            && self.comparing.is_none()
            && self.giving.is_empty()
            && self.doing.is_empty()
            && self.serving == [false; 2]
            && !self.passing.under_way
    }

    fn frame(&mut self, frame: RowFrame) {
        match frame {
            RowFrame::Hello(hello) if self.heard.is_none() => {
                self.heard = Some(hello);
                self.wishes.push_back(RowWish::Recall(hello));
            }
            // Nobody does so at the word of who stands below.
            RowFrame::BeginAgain
                if self.peer.role == Role::Hub || (self.peer.role, self.me.role) == (Role::Relay, Role::Relay) =>
            {
                self.wishes.push_back(RowWish::BeginAgain);
                self.over = true;
            }
            RowFrame::Ask(ask) if ask.epoch == self.facts.epoch => {
                self.asked_for(ask);
            }
            RowFrame::Give(give) => self.given(give),
            RowFrame::Compare(run, spans) => self.asked_to_compare(run, spans),
            RowFrame::Compared(run, last, answers) => self.compared(run, last, answers),
            RowFrame::Want(run, keys) => self.wanted(run, keys),
            RowFrame::Rows(run, entries) => self.rows(run, entries),
            RowFrame::Done(run, last) => self.done(run, last),
            // Who was refused can only tell its people: the store's counters and the log do.
            RowFrame::Refused(..) => {}
            // A second hello, a question to a former life, or a frame of a later version.
            RowFrame::Hello(_) | RowFrame::Ask(_) | RowFrame::BeginAgain | RowFrame::Unknown(_) => {}
        }
    }

    fn recalled(&mut self, recalled: Recalled) {
        if recalled.i_was_restored {
            self.wishes.push_back(RowWish::Reborn);
            self.over = true;
            return;
        }
        if recalled.peer_begins_again {
            self.send(Lane::Alerts, &RowFrame::BeginAgain);
            self.barred = true;
            return;
        }
        self.recalled = Some(recalled);
        self.cursors = recalled.cursors;
        let nothing_to_compare = self.said.empty || self.heard.is_some_and(|hello| hello.empty);
        if nothing_to_compare && self.cursors.contains(&None) {
            // From its first change on; and that is known from now on, though there may never be one.
            self.wishes.extend(self.heard.map(|hello| RowWish::Settle(0, hello)));
            self.cursors = self.cursors.map(|cursor| cursor.or(Some(0)));
        }
        self.plan_to_compare(recalled.compared_ms_ago, nothing_to_compare);
        self.ask();
        std::mem::take(&mut self.early).into_iter().for_each(|frame| self.frame(frame));
    }

    fn hello(&self) -> Option<RowHello> {
        self.recalled.and(self.heard)
    }

    fn do_next(&mut self, doing: Doing, wish: RowWish) {
        self.doing.push_back(doing);
        self.wishes.push_back(wish);
    }

    fn send(&mut self, lane: Lane, frame: &RowFrame) {
        self.wishes.push_back(RowWish::Send(lane, frame.encode()));
    }

    fn close(&mut self, why: RowBroke) {
        self.wishes.push_back(RowWish::Close(why));
        self.over = true;
    }
}

fn lane_of(urgency: usize) -> Lane {
    if urgency == Urgency::Alerts as usize { Lane::Alerts } else { Lane::State }
}
