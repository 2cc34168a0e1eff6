//! The hub takes in what a relay wrote down.

use std::collections::BTreeMap;
use std::io::Read;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};
use vigie_codec::carried::{CarriedError, Part, Reader};
use vigie_codec::wire::Frame;
use vigie_codec::wire::rows::{RowFrame, RowHello};
use vigie_merge::{RangeSet, Scope};
use vigie_model::StreamId;
use vigie_store::rows::{RowsError, RowsWait};
use vigie_sync::carry::{Count, NotCarried, Taking};
use vigie_sync::rows::RowPeer;
use vigie_sync::{CloseWhy, Lane, PeerIs};

use crate::NodeHandle;
use crate::node::{Carried, CarriedLine, CarriedTold, Command};

/// What a file brought. All of it is durable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Brought {
    /// Parts that were read.
    pub parts: u64,
    /// The file was read to its end.
    pub whole: bool,
    /// Streams of machines in it.
    pub streams: u64,
    /// What came of its ticks.
    pub ticks: Count,
    /// What came of its rows.
    pub rows: RowsBrought,
    /// Pieces that were refused, by reason.
    pub refused: BTreeMap<&'static str, u64>,
}

/// What came of the rows in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowsBrought {
    /// In what was read of the file.
    pub in_file: u64,
    /// Of them: something new, and kept.
    pub changed: u64,
    /// Of them: refused.
    pub refused: u64,
    /// Why those of them that are not here wait for the line.
    pub wait: Option<RowsWait>,
}

/// Why a file was not taken to its end.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// It is not what its relay wrote.
    #[error(transparent)]
    File(#[from] CarriedError),
    /// It says what can not be taken.
    #[error(transparent)]
    Content(#[from] NotCarried),
    /// The mind hears no more of it.
    #[error("{0}")]
    Closed(CloseWhy),
    /// The rows can not be kept.
    #[error("alerts and decisions can not be kept now: {0}")]
    Rows(#[from] RowsError),
    /// The store failed.
    #[error("the samples can not be read now")]
    Samples,
    /// The node is stopping.
    #[error("the hub is stopping")]
    Stopping,
}

/// Takes in the rest of a file whose head was read, in the name of the relay that wrote it. Blocks.
pub fn take_carried<R: Read>(
    handle: &NodeHandle,
    peer: PeerIs,
    reader: &mut Reader<R>,
) -> (Brought, Result<(), NotTaken>) {
    let mut brought = Brought::default();
    let mut session = match Session::begin(handle, peer, reader) {
        Ok(session) => session,
        Err(why) => return (brought, Err(why)),
    };
    let mut ended = session.take_all(reader);
    brought.parts = reader.parts();
    brought.whole = ended.is_ok();
    // What was said so far is kept, or refused, before it is counted.
    let settled = session.settle();
    brought.rows = session.rows;
    brought.streams = session.taking.streams().count() as u64;
    match session.facts(session.taking.streams().map(|(stream, _)| stream)) {
        Ok(now) => brought.ticks = session.taking.count(&session.before, &now),
        Err(why) => ended = ended.and(Err(why)),
    }
    brought.refused = session.taking.refused().clone();
    brought.whole &= settled.is_ok();
    (brought, ended.and(settled))
}

struct Session<'a> {
    handle: &'a NodeHandle,
    line: CarriedLine,
    /// The mind hears no more, and says no more.
    closed: bool,
    told: mpsc::UnboundedReceiver<CarriedTold>,
    taking: Taking,
    relay: RowPeer,
    hello: Option<RowHello>,
    rows: RowsBrought,
    /// What there was of each stream before.
    before: BTreeMap<StreamId, RangeSet>,
}

impl<'a> Session<'a> {
    fn begin<R: Read>(handle: &'a NodeHandle, peer: PeerIs, reader: &Reader<R>) -> Result<Self, NotTaken> {
        let view = Scope::Site(peer.client.clone(), peer.site.clone());
        let relay = RowPeer { node: peer.node, role: peer.role, view };
        let (told, hears) = mpsc::unbounded_channel();
        let (begun, line) = oneshot::channel();
        handle.command(Command::Carried(Carried::Begin { peer, told, begun }));
        let line = line.blocking_recv().map_err(|_| NotTaken::Stopping)?;
        let session = Self {
            handle,
            line,
            closed: false,
            told: hears,
            taking: Taking::default(),
            relay,
            hello: None,
            rows: RowsBrought::default(),
            before: BTreeMap::new(),
        };
        session.said(Lane::Control, Taking::hello(reader.head()))?;
        Ok(session)
    }

    fn take_all<R: Read>(&mut self, reader: &mut Reader<R>) -> Result<(), NotTaken> {
        while let Some(part) = reader.next_part()? {
            match part {
                Part::Samples(frames) => frames.into_iter().try_for_each(|frame| self.say(frame))?,
                Part::Rows(frames) => frames.iter().try_for_each(|frame| self.take_rows(frame))?,
                Part::End(_) => {}
            }
        }
        Ok(())
    }

    /// Says a frame to the mind, as soon as its store keeps up.
    fn say(&mut self, frame: Vec<u8>) -> Result<(), NotTaken> {
        loop {
            match self.told.try_recv() {
                Ok(told) => self.hear(told)?,
                Err(TryRecvError::Disconnected) => return Err(NotTaken::Stopping),
                Err(TryRecvError::Empty) if self.taking.may_say()? => break,
                Err(TryRecvError::Empty) => self.wait()?,
            }
        }
        if let Ok(Frame::Announce(list)) = Frame::decode(&frame) {
            let known = self.facts(list.iter().map(|said| said.stream))?;
            for (stream, have) in known {
                self.before.entry(stream).or_insert(have);
            }
        }
        let lane = self.taking.lane(&frame)?;
        self.said(lane, frame)
    }

    fn said(&self, lane: Lane, frame: Vec<u8>) -> Result<(), NotTaken> {
        if self.line.say(lane, frame) { Ok(()) } else { Err(NotTaken::Stopping) }
    }

    fn take_rows(&mut self, frame: &[u8]) -> Result<(), NotTaken> {
        let rows = self.handle.rows();
        match (RowFrame::decode(frame), self.hello) {
            (Ok(RowFrame::Hello(hello)), None) => {
                self.rows.wait = rows.may_be_carried(&self.relay, &hello)?.err();
                self.hello = Some(hello);
            }
            (Ok(RowFrame::Give(give)), Some(hello)) => {
                self.rows.in_file += give.entries.len() as u64;
                if self.rows.wait.is_some() {
                    return Ok(());
                }
                let upto = give.upto;
                let applied = rows.apply_carried(&self.relay, &hello, give)?;
                self.rows.changed += applied.changed.len() as u64;
                self.rows.refused += applied.refused.len() as u64;
                if applied.upto.is_none_or(|kept| kept < upto) {
                    // It begins after what is here: something between is missing.
                    self.rows.wait = Some(RowsWait::SeenMore);
                }
            }
            _ => return Err(NotCarried::Senseless.into()),
        }
        Ok(())
    }

    /// Waits until all that was said is kept, or refused for good.
    fn settle(&mut self) -> Result<(), NotTaken> {
        while !self.closed && !self.taking.is_settled() {
            self.wait()?;
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<(), NotTaken> {
        let told = self.told.blocking_recv().ok_or(NotTaken::Stopping)?;
        self.hear(told)
    }

    fn hear(&mut self, told: CarriedTold) -> Result<(), NotTaken> {
        match told {
            CarriedTold::Frame(frame) => {
                self.taking.told(&frame);
                Ok(())
            }
            CarriedTold::Closed(why) => {
                self.closed = true;
                Err(NotTaken::Closed(why))
            }
        }
    }

    fn facts(&self, streams: impl Iterator<Item = StreamId>) -> Result<BTreeMap<StreamId, RangeSet>, NotTaken> {
        let log = self.handle.log();
        let log = log.read().map_err(|_| NotTaken::Samples)?;
        let known = log.streams();
        Ok(streams.filter_map(|stream| Some((stream, known.get(&stream)?.have.clone()))).collect())
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.handle.command(Command::Carried(Carried::End(self.line.session)));
    }
}
