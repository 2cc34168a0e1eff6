//! What others say: the hub's receipts, the next hop's custody, the agent's count.

use vigie_codec::receipt::Receipt;
use vigie_codec::wire::Tally;
use vigie_merge::RangeSet;
use vigie_model::{Seq, StreamId};

use super::pen::Pen;
use crate::types::{Kept, Outcome, PastReceipt, StreamFacts, limit};

/// Receipts remembered within the floor: each costs a range set in each commit.
const REMEMBERED: i64 = 12;

impl Pen<'_> {
    pub(crate) fn keep_receipt(&mut self, receipt: Receipt) -> Outcome {
        let stream = receipt.stream;
        if receipt.held.ranges().len() > limit::RANGES {
            return Outcome::TooMuch(stream);
        }
        let apart_ms = self.options.floor.as_millis() as i64 / REMEMBERED;
        self.change(stream, |facts| {
            let Some(news) = compare(facts.receipt.as_ref(), &receipt) else { return };
            if matches!(news, News::AnotherLife) {
                // A restored hub holds less: what it does not hold may not be forgotten, whatever its last life said.
                facts.settled = facts.settled.intersection(&receipt.held);
                facts.receipts.iter_mut().for_each(|past| past.held = past.held.intersection(&receipt.held));
            }
            if facts.receipts.last().is_none_or(|last| receipt.at.0 - last.at.0 >= apart_ms) {
                facts.receipts.push(PastReceipt { at: receipt.at, held: receipt.held.clone() });
                // Without the oldest, what it named is settled a little later.
                let surplus = facts.receipts.len().saturating_sub(2 * REMEMBERED as usize);
                facts.receipts.drain(..surplus);
            }
            facts.receipt = Some(receipt);
        })
    }

    pub(crate) fn keep_custody(&mut self, stream: StreamId, have: RangeSet, sealed: RangeSet) -> Outcome {
        if have.ranges().len().max(sealed.ranges().len()) > limit::RANGES {
            return Outcome::TooMuch(stream);
        }
        self.change(stream, |facts| (facts.custody, facts.custody_sealed) = (have, sealed))
    }

    pub(crate) fn drop_custody(&mut self, stream: StreamId) -> Outcome {
        self.change(stream, |facts| (facts.custody, facts.custody_sealed) = (RangeSet::new(), RangeSet::new()))
    }

    pub(crate) fn keep_tally(&mut self, stream: StreamId, tally: Tally) -> Outcome {
        self.change(stream, |facts| {
            let (ticks, samples) = (facts.tally.ticks.max(tally.ticks), facts.tally.samples.max(tally.samples));
            facts.tally = Tally { ticks, samples };
        })
    }

    pub(crate) fn reserve(&mut self, stream: StreamId, until: Seq) -> Outcome {
        // Down too: an agent that ends in order gives back what it did not use, and leaves no gap.
        self.change(stream, |facts| facts.reserved = until)
    }

    fn change(&mut self, stream: StreamId, change: impl FnOnce(&mut StreamFacts)) -> Outcome {
        let Some(mut facts) = self.take(stream) else { return Outcome::UnknownStream(stream) };
        change(&mut facts);
        let (have, sealed) = (RangeSet::new(), RangeSet::new());
        let kept = Kept { stream, have, sealed, schema_len: facts.schema_len, duplicates: 0, forked: false };
        self.give(stream, facts);
        Outcome::Kept(kept)
    }
}

enum News {
    More,
    AnotherLife,
}

fn compare(old: Option<&Receipt>, new: &Receipt) -> Option<News> {
    let Some(old) = old else { return Some(News::More) };
    match new.hub_epoch.cmp(&old.hub_epoch) {
        std::cmp::Ordering::Less => None,
        std::cmp::Ordering::Greater => Some(News::AnotherLife),
        std::cmp::Ordering::Equal => {
            let all = old.held.without(&new.held).is_empty();
            (all && (old.held != new.held || new.schema_len > old.schema_len)).then_some(News::More)
        }
    }
}
