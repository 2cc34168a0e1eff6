//! How do the two directions of a link belong together?

use serde::{Deserialize, Serialize};

use crate::{ChangeError, Condition, LinkChange, Moment, Offer, Parcel, Pipe};

/// A way through the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Towards the target.
    Up,
    /// Back from the target.
    Down,
}

/// Which directions are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Both.
    #[default]
    Both,
    /// Only towards the target.
    Up,
    /// Only back from the target.
    Down,
}

/// A whole link: two pipes, and what streams need of both.
#[derive(Debug, Clone)]
pub struct Link {
    up: Pipe,
    down: Pipe,
}

impl Link {
    /// A link without impairment. The seed decides all luck to come.
    pub fn new(seed: u64) -> Self {
        Self { up: Pipe::new(Condition::CLEAR, seed, 0), down: Pipe::new(Condition::CLEAR, seed, 1) }
    }

    /// Puts a parcel in; see [`Pipe::offer`].
    pub fn offer(&mut self, direction: Direction, parcel: Parcel, now: Moment) -> Offer {
        self.pipe_mut(direction).offer(parcel, now)
    }

    /// Takes out the next parcel that has arrived at either end. Ask until there is none.
    pub fn poll(&mut self, now: Moment) -> Option<(Direction, Parcel)> {
        for direction in [Direction::Up, Direction::Down] {
            if let Some(parcel) = self.pipe_mut(direction).poll(now) {
                return Some((direction, parcel));
            }
        }
        None
    }

    /// When to poll again, if nothing is offered or changed before.
    pub fn next_wakeup(&self) -> Option<Moment> {
        [self.up.next_wakeup(), self.down.next_wakeup()].into_iter().flatten().min()
    }

    /// Changes both directions, or neither.
    pub fn set(&mut self, change: &LinkChange, now: Moment) -> Result<(), ChangeError> {
        let (up, down) = change.apply(self.up.condition(), self.down.condition())?;
        self.up.set(up, now);
        self.down.set(down, now);
        Ok(())
    }

    /// Cuts these directions. Streams stand still both ways even if one way is left, since a stream whose
    /// acknowledgements do not arrive stops too.
    pub fn cut(&mut self, side: Side, now: Moment) {
        for direction in side.directions() {
            self.pipe_mut(*direction).cut(now);
        }
        self.up.hold_streams();
        self.down.hold_streams();
    }

    /// Heals these directions.
    pub fn heal(&mut self, side: Side, now: Moment) {
        for direction in side.directions() {
            self.pipe_mut(*direction).heal(now);
        }
        self.settle_streams(now);
    }

    /// Whether streams stand still.
    pub fn streams_held(&self) -> bool {
        self.up.is_cut() || self.down.is_cut()
    }

    /// One of its pipes.
    pub fn pipe(&self, direction: Direction) -> &Pipe {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }

    /// A datagram that came out could not be passed on.
    pub fn was_undelivered(&mut self, direction: Direction) {
        self.pipe_mut(direction).was_undelivered();
    }

    fn pipe_mut(&mut self, direction: Direction) -> &mut Pipe {
        match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
    }

    /// Healing one pipe lets its streams go; the other may be cut still, or may have been whole and only held.
    fn settle_streams(&mut self, now: Moment) {
        for direction in [Direction::Up, Direction::Down] {
            if self.streams_held() {
                self.pipe_mut(direction).hold_streams();
            } else {
                self.pipe_mut(direction).heal(now);
            }
        }
    }
}

impl Side {
    /// The directions meant.
    pub const fn directions(self) -> &'static [Direction] {
        match self {
            Self::Both => &[Direction::Up, Direction::Down],
            Self::Up => &[Direction::Up],
            Self::Down => &[Direction::Down],
        }
    }
}
