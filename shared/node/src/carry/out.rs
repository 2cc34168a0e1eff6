//! A relay writes down what the hub has not.

use std::io::Write;
use std::sync::Arc;

use vigie_codec::VerifyingKey;
use vigie_codec::carried::{Head, NotWritten, Writer};
use vigie_codec::wire::Frame;
use vigie_codec::wire::rows::RowFrame;
use vigie_merge::Scope;
use vigie_model::{NodeId, Role};
use vigie_net::Identity;
use vigie_store::ReadError;
use vigie_store::rows::RowsError;
use vigie_sync::carry::{Offer, Offering, Unreadable, ticks_of};
use vigie_sync::rows::RowPeer;
use vigie_sync::{Me, Sends};

use crate::{NodeClock, NodeHandle};

/// What is needed to write such a file, as often as somebody wants one.
#[derive(Debug, Clone)]
pub struct CarryOut {
    /// The relay.
    pub handle: NodeHandle,
    /// Who it is, and for which hub.
    pub identity: Arc<Identity>,
    /// Its host name, for people.
    pub name: String,
    /// What its link sends: where hours stand in place of ticks, they go too.
    pub sends: Sends,
    /// Its clock.
    pub clock: NodeClock,
}

/// What stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct WrittenDown {
    /// Streams of machines.
    pub streams: u64,
    /// Ticks that the hub has not signed for.
    pub ticks: u64,
    /// Rows that the hub has not said to have.
    pub rows: u64,
    /// Parts of the file.
    pub parts: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Why there is no such file.
#[derive(Debug, thiserror::Error)]
pub enum NotWrittenDown {
    /// The disk, or whoever takes the file, took no more.
    #[error(transparent)]
    File(#[from] NotWritten),
    /// The samples can not be read.
    #[error("the samples can not be read now ({0}); ask again in a moment")]
    Samples(String),
    /// The rows can not be read.
    #[error("alerts and decisions can not be read now ({0}); ask again in a moment")]
    Rows(#[from] RowsError),
    /// The identity names no hub.
    #[error("the hub's key in the identity is no key; enrol this relay again")]
    NoHub,
}

impl From<ReadError> for NotWrittenDown {
    fn from(error: ReadError) -> Self {
        Self::Samples(error.to_string())
    }
}

impl From<Unreadable> for NotWrittenDown {
    fn from(error: Unreadable) -> Self {
        Self::Samples(error.to_string())
    }
}

impl CarryOut {
    /// Writes the file: alerts and decisions first, then samples.
    ///
    /// # Errors
    /// When it could not be written to its end; what was written until then is a part, and says so where it is read.
    pub fn write(&self, out: impl Write) -> Result<WrittenDown, NotWrittenDown> {
        let key = self.identity.key().signing_key().clone();
        let mut writer = Writer::begin(Counted { out, bytes: 0 }, &self.head()?, key)?;
        let mut written = WrittenDown { rows: self.rows(&mut writer)?, ..WrittenDown::default() };
        self.samples(&mut writer, &mut written)?;
        let (out, end) = writer.end(written.ticks, written.rows)?;
        (written.parts, written.bytes) = (end.parts, out.bytes);
        Ok(written)
    }

    fn head(&self) -> Result<Head, NotWrittenDown> {
        Ok(Head {
            relay: self.identity.node(),
            key: self.identity.key().public_key(),
            client: self.identity.client().clone(),
            site: self.identity.site().clone(),
            name: self.name.clone(),
            software: env!("CARGO_PKG_VERSION").to_owned(),
            hub_key: self.identity.facts().hub_key,
            store_epoch: self.look(vigie_store::Log::epoch)?,
            made_at: self.clock.now().utc,
        })
    }

    fn rows<W: Write>(&self, writer: &mut Writer<W>) -> Result<u64, NotWrittenDown> {
        let node = NodeId::of_key(&self.identity.facts().hub_key);
        let hub = RowPeer { node, role: Role::Hub, view: Scope::Deployment };
        let rows = self.handle.rows();
        let mut unheard = rows.unheard(&hub)?;
        let mut count = 0;
        while let Some(give) = rows.next_unheard(&hub, &mut unheard)? {
            if count == 0 {
                writer.rows(&RowFrame::Hello(unheard.hello).encode())?;
            }
            count += give.entries.len() as u64;
            writer.rows(&RowFrame::Give(give).encode())?;
        }
        Ok(count)
    }

    fn samples<W: Write>(&self, writer: &mut Writer<W>, written: &mut WrittenDown) -> Result<(), NotWrittenDown> {
        let hub_key = self.identity.facts().hub_key;
        let me = Me {
            node: self.identity.node(),
            role: Role::Relay,
            name: self.name.clone(),
            software: env!("CARGO_PKG_VERSION").to_owned(),
            store_epoch: self.look(vigie_store::Log::epoch)?,
            hub_key: VerifyingKey::from_bytes(&hub_key).map_err(|_| NotWrittenDown::NoHub)?,
            receipt_key: None,
        };
        let place = (self.identity.client().clone(), self.identity.site().clone());
        let streams = self.look(vigie_store::Log::all_facts)?;
        written.streams = streams.len() as u64;
        let mut offering = Offering::new(me, place, streams, self.sends, self.clock.now());
        while let Some(offer) = offering.poll() {
            match offer {
                Offer::Frame(frame) => {
                    let ticks = Frame::decode(&frame).ok().and_then(|frame| ticks_of(&frame));
                    written.ticks += ticks.map_or(0, |(_, first, last)| last - first + 1);
                    writer.samples(&frame)?;
                }
                // Between two answers commits go on.
                Offer::Ask(stream, ask) => {
                    let answer = self.look(|log| log.look_up(stream, ask))??;
                    offering.answered(stream, answer)?;
                }
            }
        }
        Ok(())
    }

    fn look<T>(&self, at: impl FnOnce(&vigie_store::Log) -> T) -> Result<T, NotWrittenDown> {
        let log = self.handle.log();
        let log = log.read().map_err(|_| NotWrittenDown::Samples("the store failed".to_owned()))?;
        Ok(at(&log))
    }
}

/// Counts what is written.
struct Counted<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
