//! Pieces of one hour that may have ticks in common: which of them answer?

use crate::piece::Piece;

/// Pieces kept side by side. Each is of another maker, or would not join for its holes.
pub const MAX_SIDE_BY_SIDE: usize = 16;

/// Pieces of one stream and hour, of which none contains another.
///
/// The law: what is here is those pieces, of all that were ever put in, that no other contains; and what answers is
/// those of them, without common ticks, that have the most ticks together. So neither order nor repetition matters, and no
/// tick counts twice. Where of any two pieces one contains the other or they have no common tick, all that are here
/// answer: as if all ticks had been folded at once. Only beyond [`MAX_SIDE_BY_SIDE`] the smallest is given up, and then the
/// order matters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pieces {
    /// In the order of their numbers.
    kept: Vec<Piece>,
}

impl Pieces {
    /// Puts a piece in; says whether anything changed.
    pub fn put(&mut self, piece: Piece) -> bool {
        let contained = |inner: &Piece, outer: &Piece| {
            let (few, many) = (&inner.covered, &outer.covered);
            few.without(many).is_empty() && (few != many || inner.minutes.is_none() || outer.minutes.is_some())
        };
        if self.kept.iter().any(|other| other.hour != piece.hour || contained(&piece, other)) {
            return false;
        }
        self.kept.retain(|other| !contained(other, &piece));
        let at = self.kept.partition_point(|other| order(other) < order(&piece));
        self.kept.insert(at, piece);
        if self.kept.len() > MAX_SIDE_BY_SIDE {
            let smallest = (0..self.kept.len()).rev().min_by_key(|at| self.kept[*at].covered.count());
            smallest.into_iter().for_each(|at| drop(self.kept.remove(at)));
        }
        true
    }

    /// All that are kept side by side, in the order of their numbers.
    pub fn all(&self) -> &[Piece] {
        &self.kept
    }

    /// Those without common ticks that have the most ticks together; of equals those that begin first.
    pub fn chosen(&self) -> Vec<&Piece> {
        let apart = |one: &Piece, other: &Piece| one.covered.intersection(&other.covered).is_empty();
        let (mut best, mut most) = (0u32, 0u64);
        let mut ahead = vec![(0usize, 0u32, 0u64)];
        while let Some((at, taken, ticks)) = ahead.pop() {
            let Some(piece) = self.kept.get(at) else {
                if ticks > most {
                    (best, most) = (taken, ticks);
                }
                continue;
            };
            ahead.push((at + 1, taken, ticks));
            let fits = (0..at).filter(|other| taken >> other & 1 == 1).all(|other| apart(&self.kept[other], piece));
            if fits {
                ahead.push((at + 1, taken | 1 << at, ticks + piece.covered.count()));
            }
        }
        (0..self.kept.len()).filter(|at| best >> at & 1 == 1).map(|at| &self.kept[at]).collect()
    }

    /// The chosen pieces as one. Those that will not join, for their holes or a contradiction, are left out.
    pub fn answer(&self) -> Option<Piece> {
        let mut chosen = self.chosen().into_iter();
        let first = chosen.next()?.clone();
        Some(chosen.fold(first, |all, piece| all.join(piece).unwrap_or(all)))
    }
}

/// Nothing but what a piece is made of, so that all who know the same pieces order them the same.
fn order(piece: &Piece) -> Vec<(u64, u64)> {
    piece.covered.ranges().collect()
}
