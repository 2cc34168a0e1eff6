//! Gaps and anchors.

use vigie_codec::statement::{SignedStatement, Statement};
use vigie_merge::RangeSet;
use vigie_model::{Anchor, Gap, StreamId};

use super::facts::Change;
use super::gaps::{holds, is_crowded};
use super::pen::{Pen, add};
use super::shelf::{Shelf, gap_key, stated};
use crate::errors::Trouble;
use crate::types::{Kept, Outcome, StreamFacts, limit};

impl Pen<'_> {
    pub(crate) fn keep_statement(&mut self, said: SignedStatement) -> Result<Outcome, Trouble> {
        let stream = said.stream;
        let Some(mut facts) = self.take(stream) else { return Ok(Outcome::UnknownStream(stream)) };
        let outcome = match said.statement {
            Statement::Gap(gap) => self.keep_gap(&mut facts, &said, gap),
            Statement::Anchor(anchor) => self.keep_anchor(&mut facts, &said, anchor),
        };
        self.give(stream, facts);
        outcome
    }

    fn keep_gap(&mut self, facts: &mut StreamFacts, said: &SignedStatement, gap: Gap) -> Result<Outcome, Trouble> {
        let (stream, first, last) = (said.stream, gap.first.0, gap.last.0);
        if first == 0 || last < first {
            return Ok(Outcome::Forged(stream, RangeSet::new()));
        }
        if !facts.gap_list.iter().any(|other| covers(other, &gap)) {
            let pieces = 1 + facts.have.within(first, last).ranges().len();
            let others = facts.gap_list.len();
            let beside = |inside: fn(&Gap, &Gap) -> bool| {
                others - facts.gap_list.iter().filter(|other| inside(&gap, other)).count()
            };
            // Where there are too many for each to have its own reason, the wide one gives it for all.
            let inside = if is_crowded(others) && is_crowded(beside(covers)) { holds } else { covers };
            if (others >= limit::GAPS && beside(inside) >= limit::GAPS) || !facts.has_room_for(pieces) {
                return Ok(Outcome::TooMuch(stream));
            }
            self.list_gap(facts, said, gap, inside)?;
        }
        // Also of what was said before: ticks that were given up loose are back when their segment is sealed, and when the
        // segment goes too, they are under the gap again.
        let range = RangeSet::of(first, last);
        let (have, sealed) = (range.without(&facts.have), range.without(&facts.sealed));
        let ticks = ticks_within(facts, (first, last), self.options.origin);
        for (first, last) in range.without(&ticks).ranges() {
            facts.cover(first, last);
        }
        facts.sealed.insert(first, last);
        Ok(kept(stream, facts, have, sealed))
    }

    /// An agent joins neighbouring gaps, so that years without room stay one gap: those that this one says go.
    fn list_gap(
        &mut self,
        facts: &mut StreamFacts,
        said: &SignedStatement,
        gap: Gap,
        is_inside: fn(&Gap, &Gap) -> bool,
    ) -> Result<(), Trouble> {
        let inside: Vec<Gap> = facts.gap_list.iter().copied().filter(|other| is_inside(&gap, other)).collect();
        if !inside.is_empty() {
            facts.gap_list.retain(|other| !is_inside(&gap, other));
        }
        for old in &inside {
            let bytes = self.remove(Shelf::Statement, &gap_key(said.stream, old))?;
            add(&mut facts.bytes.other, bytes);
        }
        facts.list(gap);
        self.write_statement(facts, said)
    }

    fn keep_anchor(
        &mut self,
        facts: &mut StreamFacts,
        said: &SignedStatement,
        anchor: Anchor,
    ) -> Result<Outcome, Trouble> {
        let stream = said.stream;
        let best = facts.anchors.get(&anchor.boot.no).is_none_or(|old| anchor.is_better_than(old));
        if best {
            facts.anchors.insert(anchor.boot.no, anchor);
            self.write_statement(facts, said)?;
        }
        while facts.anchors.len() > limit::BOOTS {
            let Some((_, oldest)) = facts.anchors.pop_first() else { break };
            let bytes = self.remove(Shelf::Statement, &stated(stream, &Statement::Anchor(oldest)))?;
            add(&mut facts.bytes.other, bytes);
        }
        Ok(kept(stream, facts, RangeSet::new(), RangeSet::new()))
    }

    fn write_statement(&mut self, facts: &mut StreamFacts, said: &SignedStatement) -> Result<(), Trouble> {
        let key = stated(said.stream, &said.statement);
        let bytes = self.put(Shelf::Statement, &key, &Shelf::Statement.write(&key, said))?;
        add(&mut facts.bytes.other, bytes);
        Ok(())
    }
}

/// Whether one gap says all that another says.
fn covers(large: &Gap, small: &Gap) -> bool {
    large.reason == small.reason && holds(large, small)
}

/// Ticks over which a gap says nothing. At the origin nobody below has what is not present: there only what is present, or
/// safe at the hub, is not given up.
fn ticks_within(facts: &StreamFacts, (first, last): (u64, u64), origin: bool) -> RangeSet {
    let gaps = facts.gaps.within(first, last);
    let ticks = facts.have.within(first, last).without(&gaps);
    if !origin {
        return ticks;
    }
    let mut safe = ticks.intersection(facts.held());
    safe.union_with(&facts.present.within(first, last).without(&gaps));
    safe
}

fn kept(stream: StreamId, facts: &StreamFacts, have: RangeSet, sealed: RangeSet) -> Outcome {
    Outcome::Kept(Kept { stream, have, sealed, schema_len: facts.schema_len, duplicates: 0, forked: false })
}
