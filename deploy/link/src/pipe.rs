//! What becomes of what goes in at one end, and when does it come out at the other?
//!
//! First a queue before the wire, then the wire itself, which takes its time for each byte, then the road, on which
//! parcels wait out delay and jitter and meet their luck. A parcel that is lost has used the wire all the same.
//!
//! Knows one direction. Knows no addresses and sends nothing: who owns it asks [`Pipe::poll`] and is told when to ask
//! again.

use std::collections::VecDeque;
use std::time::Duration;

use crate::road::{Road, Traveller};
use crate::{Condition, Dice, DiceCup, InPipe, Load, Moment, Parcel, PipeStats};

/// One direction of a link.
#[derive(Debug, Clone)]
pub struct Pipe {
    condition: Condition,
    cut: bool,
    datagram_dice: DiceCup,
    stream_dice: DiceCup,
    /// Before the wire; the first is on it.
    waiting: VecDeque<Waiting>,
    waiting_wire_bytes: usize,
    /// When the wire was last free.
    wire_free: Moment,
    /// Behind the wire.
    road: Road,
    held: Held,
    stats: PipeStats,
}

/// The most a pipe holds, counted with 192 bytes for each parcel beside its payload.
///
/// 50 Mbit/s with 2 s of delay is 12.5 MB under way; beyond that a rehearsal should ask for a rate. Both directions
/// together stay below 32 MiB, which a small board can spare.
pub const MAX_IN_PIPE_BYTES: usize = 16 * 1024 * 1024;

/// What a parcel costs beside its payload: its entry here and what the allocator keeps. Makes a flood of empty
/// datagrams bounded too.
const PARCEL_OVERHEAD_BYTES: usize = 192;

/// A stream's loss is repeated at most this often: with doubling waits the sixth has waited 63 times the first, and a
/// link that loses more is cut in all but name.
const MAX_REPETITIONS: u32 = 6;

/// What a pipe says to an offer.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Offer {
    /// It is in the pipe. It may still be lost there.
    Taken,
    /// It was a datagram and is gone.
    Dropped(DropCause),
    /// It is a piece of a stream, which may not be lost, and there is no room now: keep it, stop reading, and offer it
    /// again once something has left the pipe or the link has been healed.
    NoRoom(Parcel),
}

/// Why a datagram did not even enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropCause {
    /// The pipe is cut.
    Cut,
    /// The queue before the wire is full.
    Queue,
    /// The pipe holds [`MAX_IN_PIPE_BYTES`].
    Full,
}

#[derive(Debug, Clone)]
struct Waiting {
    since: Moment,
    parcel: Parcel,
    dice: Dice,
}

/// What the pipe holds altogether.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    packets: usize,
    bytes: usize,
}

impl Pipe {
    /// An empty pipe. Pipes with the same seed and another `stream` have other luck.
    pub fn new(condition: Condition, seed: u64, stream: u64) -> Self {
        Self {
            condition,
            cut: false,
            datagram_dice: DiceCup::new(seed, 2 * stream),
            stream_dice: DiceCup::new(seed, 2 * stream + 1),
            waiting: VecDeque::new(),
            waiting_wire_bytes: 0,
            wire_free: Moment::BIRTH,
            road: Road::default(),
            held: Held::default(),
            stats: PipeStats::default(),
        }
    }

    /// Puts a parcel in at the near end.
    pub fn offer(&mut self, parcel: Parcel, now: Moment) -> Offer {
        self.advance(now);
        if parcel.is_datagram() { self.offer_datagram(parcel, now) } else { self.offer_stream(parcel, now) }
    }

    /// Takes out the next parcel that has arrived at the far end by `now`. Ask until there is none.
    pub fn poll(&mut self, now: Moment) -> Option<Parcel> {
        self.advance(now);
        let parcel = self.road.pop_arrived(&self.condition, now)?;
        self.held.remove(&parcel);
        self.stats.count_out(&parcel);
        Some(parcel)
    }

    /// When to poll again, if nothing is offered or changed before; `None` if nothing will happen by itself.
    pub fn next_wakeup(&self) -> Option<Moment> {
        let arrival = self.road.next_arrival(&self.condition);
        let off_wire = self.waiting.front().map(|first| self.off_wire(first));
        [arrival, off_wire].into_iter().flatten().min()
    }

    /// Changes how bad it is, also for what is under way.
    pub fn set(&mut self, condition: Condition, now: Moment) {
        self.advance(now);
        if condition.rate != self.condition.rate {
            // What is on the wire starts anew: without this a long wait at a low rate would turn into a burst.
            self.wire_free = self.wire_free.max(now);
        }
        self.condition = condition;
    }

    /// How bad it is.
    pub fn condition(&self) -> Condition {
        self.condition
    }

    /// Cuts the pipe: datagrams in it are gone, further ones too, and streams stand still.
    pub fn cut(&mut self, now: Moment) {
        self.advance(now);
        self.cut = true;
        self.hold_streams();
        self.drop_datagrams();
    }

    /// Whether it is cut.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Makes streams stand still while datagrams go on: what a stream does whose acknowledgements are cut off.
    pub fn hold_streams(&mut self) {
        self.road.hold_streams();
    }

    /// Undoes [`Pipe::cut`] and [`Pipe::hold_streams`]. Streams go on where they stood.
    pub fn heal(&mut self, now: Moment) {
        self.advance(now);
        self.cut = false;
        self.road.release_streams(now);
    }

    /// Whether streams stand still.
    pub fn streams_held(&self) -> bool {
        self.road.streams_held()
    }

    /// A datagram that came out could not be passed on.
    pub fn was_undelivered(&mut self) {
        self.stats.udp.undelivered += 1;
    }

    /// What it has counted.
    pub fn stats(&self) -> PipeStats {
        let in_pipe = InPipe {
            packets: self.held.packets as u64,
            bytes: self.held.bytes as u64,
            waiting_wire_bytes: self.waiting_wire_bytes as u64,
        };
        PipeStats { in_pipe, ..self.stats }
    }

    fn offer_datagram(&mut self, parcel: Parcel, now: Moment) -> Offer {
        let dice = self.datagram_dice.throw();
        self.stats.count_in(&parcel);
        if self.cut {
            self.stats.udp.dropped.cut += 1;
            return Offer::Dropped(DropCause::Cut);
        }
        if !self.held.has_room_for(&parcel) {
            self.stats.udp.dropped.full += 1;
            return Offer::Dropped(DropCause::Full);
        }
        if !self.queue_takes(&parcel, self.condition.queue_bytes) {
            self.stats.udp.dropped.queue += 1;
            return Offer::Dropped(DropCause::Queue);
        }
        self.enqueue(parcel, dice, now);
        Offer::Taken
    }

    fn offer_stream(&mut self, parcel: Parcel, now: Moment) -> Offer {
        // Half the queue: a stream that fills all of it would starve datagrams, and a real one backs off before that.
        let its_share = self.condition.queue_bytes / 2;
        let room = self.held.has_room_for(&parcel) && self.queue_takes(&parcel, its_share);
        if self.streams_held() || !room {
            return Offer::NoRoom(parcel);
        }
        let dice = self.stream_dice.throw();
        self.stats.count_in(&parcel);
        self.enqueue(parcel, dice, now);
        Offer::Taken
    }

    /// An empty queue takes anything: what is on the wire needs no place to wait.
    fn queue_takes(&self, parcel: &Parcel, limit_bytes: usize) -> bool {
        self.waiting.is_empty() || self.waiting_wire_bytes + parcel.wire_bytes() <= limit_bytes
    }

    fn enqueue(&mut self, parcel: Parcel, dice: Dice, now: Moment) {
        self.held.add(&parcel);
        self.waiting_wire_bytes += parcel.wire_bytes();
        self.waiting.push_back(Waiting { since: now, parcel, dice });
        self.advance(now);
    }

    /// Lets the wire work until `now`.
    fn advance(&mut self, now: Moment) {
        while let Some(first) = self.waiting.pop_front() {
            let off_wire = self.off_wire(&first);
            if off_wire > now {
                self.waiting.push_front(first);
                return;
            }
            self.waiting_wire_bytes -= first.parcel.wire_bytes();
            self.wire_free = off_wire;
            self.depart(first.parcel, first.dice, off_wire);
        }
    }

    /// When the first of the queue will have left the wire.
    fn off_wire(&self, first: &Waiting) -> Moment {
        let starts = self.wire_free.max(first.since);
        starts + self.condition.time_on_wire(first.parcel.wire_bytes())
    }

    fn depart(&mut self, parcel: Parcel, dice: Dice, left_wire: Moment) {
        let traveller = Traveller { parcel, dice, left_wire, extra: Duration::ZERO };
        if traveller.parcel.is_datagram() {
            self.depart_datagram(traveller);
        } else {
            self.depart_stream(traveller);
        }
    }

    fn depart_datagram(&mut self, mut traveller: Traveller) {
        if self.condition.loss.strikes(traveller.dice.loss) {
            self.held.remove(&traveller.parcel);
            self.stats.udp.dropped.loss += 1;
            return;
        }
        let twin = self.twin(&traveller);
        self.corrupt(&mut traveller);
        if self.condition.reorder.strikes(traveller.dice.reorder) {
            self.stats.udp.reordered += 1;
            traveller.extra = self.condition.held_back();
            self.road.push_held_back(traveller);
        } else {
            self.road.push_datagram(traveller);
        }
        if let Some(twin) = twin {
            self.road.push_datagram(twin);
        }
    }

    /// The second of a doubled datagram: undamaged, in order, and only if there is room.
    fn twin(&mut self, traveller: &Traveller) -> Option<Traveller> {
        let doubled = self.condition.duplicate.strikes(traveller.dice.duplicate);
        if !doubled || !self.held.has_room_for(&traveller.parcel) {
            return None;
        }
        self.held.add(&traveller.parcel);
        self.stats.udp.duplicated += 1;
        Some(traveller.clone())
    }

    fn corrupt(&mut self, traveller: &mut Traveller) {
        if !self.condition.corrupt.strikes(traveller.dice.corrupt) {
            return;
        }
        if let Load::Datagram(bytes) = &mut traveller.parcel.load
            && !bytes.is_empty()
        {
            flip(bytes, traveller.dice.which_bit);
            self.stats.udp.corrupted += 1;
        }
    }

    /// A stream repeats what was lost, each time after twice the wait, and what follows waits behind it.
    fn depart_stream(&mut self, mut traveller: Traveller) {
        let lost = self.condition.loss.strikes_in_a_row(traveller.dice.loss, MAX_REPETITIONS);
        if lost > 0 {
            self.stats.tcp.repeated += 1;
            traveller.extra = self.condition.repeat_after() * ((1 << lost) - 1);
        }
        self.road.push_stream(traveller);
    }

    fn drop_datagrams(&mut self) {
        let (gone, kept) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition::<VecDeque<_>, _>(|waiting| waiting.parcel.is_datagram());
        self.waiting = kept;
        for waiting in &gone {
            self.waiting_wire_bytes -= waiting.parcel.wire_bytes();
        }
        let gone = gone.into_iter().map(|waiting| waiting.parcel);
        for parcel in gone.chain(self.road.clear_datagrams()) {
            self.held.remove(&parcel);
            self.stats.udp.dropped.cut += 1;
        }
    }
}

impl Held {
    fn has_room_for(&self, parcel: &Parcel) -> bool {
        let after = self.bytes + parcel.bytes() + (self.packets + 1) * PARCEL_OVERHEAD_BYTES;
        after <= MAX_IN_PIPE_BYTES
    }

    fn add(&mut self, parcel: &Parcel) {
        self.packets += 1;
        self.bytes += parcel.bytes();
    }

    fn remove(&mut self, parcel: &Parcel) {
        self.packets -= 1;
        self.bytes -= parcel.bytes();
    }
}

fn flip(bytes: &mut [u8], which_bit: u32) {
    let bit = which_bit as usize % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
}
