//! The thread that measures: collectors may wait for a dead disk, and the loop must not.

use std::sync::mpsc::{Receiver, Sender, channel};

use vigie_model::{Boot, Moment, Sample, Seq, SeriesDef, UtcMs};
use vigie_node::boot_moment;

use crate::collect::{Choice, Collectors, Health, Machine, OwnFigures, Schema, Tiers};

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
    orders: Sender<Order>,
}

impl Meter {
    pub(crate) fn start(
        choice: Choice,
        defs: Vec<SeriesDef>,
        boot_no: u32,
        results: tokio::sync::mpsc::UnboundedSender<Measured>,
    ) -> std::io::Result<Self> {
        let (orders, inbox) = channel();
        let known = defs.len();
        std::thread::Builder::new().name("vigie-measure".to_owned()).stack_size(256 * 1024).spawn(move || {
            let schema = Schema::from_defs(defs);
            let collectors = match choice {
                Choice::Machine => Collectors::machine(&Machine::here(), schema),
                Choice::Synthetic(synthetic) => Collectors::synthetic(synthetic, schema),
            };
            measure(collectors, known, boot_no, &inbox, &results);
        })?;
        Ok(Self { orders })
    }

    /// Orders a round. While one is under way the next waits.
    pub(crate) fn order(&self, order: Order) {
        // Fails only when the thread has ended, and it ends only with the program.
        drop(self.orders.send(order));
    }
}

fn measure(
    mut collectors: Collectors,
    mut known: usize,
    boot_no: u32,
    inbox: &Receiver<Order>,
    results: &tokio::sync::mpsc::UnboundedSender<Measured>,
) {
    while let Ok(order) = inbox.recv() {
        let at = on_the_second(boot_moment(), order.due, boot_no);
        let samples = collectors.round(order.tiers, order.seq, &order.own);
        let defs = collectors.schema().defs();
        let new_defs = defs[known..].to_vec();
        known = defs.len();
        let down = collectors
            .statuses()
            .filter(|status| status.health == Health::Down)
            .filter_map(|status| Some((status.name.to_owned(), status.last_error.clone()?)))
            .collect();
        if results.send(Measured { at, samples, new_defs, down, seq: order.seq }).is_err() {
            return;
        }
    }
}

/// A round that began within its second bears that second: ticks of all machines line up, and their times cost nothing.
/// The boot clock is moved by as much, so that both clocks still mean the same moment.
fn on_the_second((utc, boot_ms): (UtcMs, u64), due: UtcMs, boot_no: u32) -> Moment {
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
