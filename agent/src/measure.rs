//! The thread that measures: collectors may wait for a dead disk, and the loop must not.
//!
//! What others say finds its places here too, because here is who gives them out.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use vigie_model::{Boot, Moment, Sample, Seq, SeriesDef, UtcMs};
use vigie_node::boot_moment;

use crate::collect::{Choice, Collectors, Health, Machine, OwnFigures, Schema, Tiers};
use crate::foreign::{Board, Desk, Reading, Said, Waiting};

/// One round to be measured.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) tiers: Tiers,
    /// The whole second it is due at.
    pub(crate) due: UtcMs,
    /// The number the tick will have: synthetic figures are a function of it.
    pub(crate) seq: Seq,
    pub(crate) own: OwnFigures,
}

/// What the thread is asked to do.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Measure.
    Round(Order),
    /// Find places for what another program said.
    Said(Said),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Told {
    /// A round of the machine's own.
    Round(Measured),
    /// What another program said, and the definitions first used in it.
    Foreign(Vec<Reading>, Vec<SeriesDef>),
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) at: Moment,
    pub(crate) samples: Vec<Sample>,
    /// Definitions first used in this round.
    pub(crate) new_defs: Vec<SeriesDef>,
    /// Collectors that are down, and why.
    pub(crate) down: Vec<(String, String)>,
    /// Which number it was measured for.
    pub(crate) seq: Seq,
}

/// A hand to the measuring thread.
#[derive(Debug)]
pub(crate) struct Meter {
    orders: Sender<Ask>,
}

/// What others may say, and where it is shown.
#[derive(Debug)]
pub(crate) struct Others {
    /// Series of theirs in all.
    pub(crate) series: usize,
    pub(crate) waiting: Waiting,
    pub(crate) board: Arc<Board>,
}

impl Meter {
    pub(crate) fn start(
        choice: Choice,
        defs: Vec<SeriesDef>,
        boot_no: u32,
        others: Others,
        results: tokio::sync::mpsc::UnboundedSender<Told>,
    ) -> std::io::Result<Self> {
        let (orders, inbox) = channel();
        std::thread::Builder::new().name("vigie-measure".to_owned()).stack_size(256 * 1024).spawn(move || {
            let known = defs.len();
            let schema = Schema::from_defs(defs);
            let desk = Desk::new(others.series, &schema);
            let collectors = match choice {
                Choice::Machine => Collectors::machine(&Machine::here(), schema),
                Choice::Synthetic(synthetic) => Collectors::synthetic(synthetic, schema),
            };
            Thread { collectors, desk, known, boot_no, others }.work(&inbox, &results);
        })?;
        Ok(Self { orders })
    }

    /// Orders a round. While one is under way the next waits.
    pub(crate) fn order(&self, order: Order) {
        // Fails only when the thread has ended, and it ends only with the program.
        drop(self.orders.send(Ask::Round(order)));
    }

    /// Where others' words are sent.
    pub(crate) fn orders(&self) -> Sender<Ask> {
        self.orders.clone()
    }
}

struct Thread {
    collectors: Collectors,
    desk: Desk,
    /// Definitions that were told already.
    known: usize,
    boot_no: u32,
    others: Others,
}

impl Thread {
    fn work(mut self, inbox: &Receiver<Ask>, results: &tokio::sync::mpsc::UnboundedSender<Told>) {
        while let Ok(ask) = inbox.recv() {
            let told = match ask {
                Ask::Round(order) => Told::Round(self.measure(&order)),
                Ask::Said(said) => self.take(said),
            };
            if results.send(told).is_err() {
                return;
            }
        }
    }

    fn measure(&mut self, order: &Order) -> Measured {
        let at = on_the_second(boot_moment(), order.due, self.boot_no);
        let samples = self.collectors.round(order.tiers, order.seq, &order.own);
        let down = self
            .collectors
            .statuses()
            .filter(|status| status.health == Health::Down)
            .filter_map(|status| Some((status.name.to_owned(), status.last_error.clone()?)))
            .collect();
        Measured { at, samples, new_defs: self.new_defs(), down, seq: order.seq }
    }

    fn take(&mut self, said: Said) -> Told {
        let Others { waiting, board, .. } = &self.others;
        let (readings, taken) = self.desk.take(&said, self.collectors.schema_mut());
        // From here on end marks wait as well, and what was refused does not.
        waiting.add(readings.iter().map(|reading| reading.samples.len()).sum());
        waiting.less(said.samples());
        board.taken(&taken, self.desk.len());
        said.answer(taken);
        Told::Foreign(readings, self.new_defs())
    }

    fn new_defs(&mut self) -> Vec<SeriesDef> {
        let defs = self.collectors.schema().defs();
        let new = defs[self.known..].to_vec();
        self.known = defs.len();
        new
    }
}

/// A round that began within its second bears that second: ticks of all machines line up, and their times cost nothing.
/// The boot clock is moved by as much, so that both clocks still mean the same moment.
pub(crate) fn on_the_second((utc, boot_ms): (UtcMs, u64), due: UtcMs, boot_no: u32) -> Moment {
    let late_ms = utc.0.saturating_sub(due.0);
    let late_ms = if (0..1_000).contains(&late_ms) { late_ms } else { 0 };
    let boot = Boot { no: boot_no, ms: boot_ms.saturating_sub(late_ms.cast_unsigned()) };
    Moment { utc: UtcMs(utc.0 - late_ms), boot }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_bears_the_second_it_was_due_in() {
        let on_time = on_the_second((UtcMs(10_007), 507), UtcMs(10_000), 1);
        assert_eq!(on_time, Moment { utc: UtcMs(10_000), boot: Boot { no: 1, ms: 500 } });
        let late = on_the_second((UtcMs(13_007), 507), UtcMs(10_000), 1);
        assert_eq!(late, Moment { utc: UtcMs(13_007), boot: Boot { no: 1, ms: 507 } });
    }
}
