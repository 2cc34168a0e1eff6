//! What was told of one alert, to whom, and did it arrive?

use std::collections::BTreeMap;

use vigie_model::{Now, UtcMs};
use vigie_store::ReadError;

use super::{Desk, Waiting};
use crate::mind::{
    DeadLetter, Facts, MAX_SENT, RouteStanding, SENT_KEEP_MS, SentLetter, Table, Times, ToldLetter, read_row,
};

/// What is known of telling about an alert.
#[derive(Debug, Clone)]
pub struct OfAlert {
    /// What waits or is under way.
    pub waiting: Vec<Waiting>,
    /// What arrived, oldest first.
    pub sent: Vec<SentLetter>,
    /// What was given up, oldest first.
    pub dead: Vec<DeadLetter>,
    /// How each route stands that is for it.
    pub routes: Vec<RouteStanding>,
    /// What arrived before this may be known no more.
    pub known_since: UtcMs,
}

impl Desk {
    /// What was told of these times of an alert, and how its routes stand.
    ///
    /// # Errors
    /// When nothing can be read.
    pub fn of_alert(&self, times: &Times, facts: &Facts, now: Now) -> Result<OfAlert, ReadError> {
        let inner = self.inner();
        let clocks = inner.pace.clocks(now);
        let routes = inner.mind.standings(times, facts, clocks);
        drop(inner);
        let waiting = self.waiting(now).into_iter().filter(|one| times.are_in(&one.letter.intent.notice)).collect();
        let dead = self.dead()?.into_iter().filter(|dead| times.are_in(&dead.letter.intent.notice)).collect();
        let (sent, known_since) = self.sent_of(times, clocks.wall)?;
        Ok(OfAlert { waiting, sent, dead, routes, known_since })
    }

    /// What arrived, and since when all of that is known.
    fn sent_of(&self, times: &Times, now: UtcMs) -> Result<(Vec<SentLetter>, UtcMs), ReadError> {
        let told: BTreeMap<Vec<u8>, Vec<u8>> = self.state.scan(Table::Told.name(), &[])?.into_iter().collect();
        let all = self.state.scan(Table::Sent.name(), &[])?;
        let mut known_since = UtcMs(now.0.saturating_sub(SENT_KEEP_MS));
        let mut sent = Vec::new();
        for (nth, (key, row)) in all.iter().enumerate() {
            let of = told.get(key).and_then(|row| read_row::<ToldLetter>(row));
            let is_meant = of.as_ref().map(|told| told.of.iter().any(|instance| times.has(*instance)));
            // Older ones went to make room for the first of them.
            let is_first_of_many = nth == 0 && all.len() >= MAX_SENT;
            if is_meant == Some(false) && !is_first_of_many {
                continue;
            }
            let Some(row) = read_row::<SentLetter>(row) else { continue };
            // An earlier version did not write down what it told of.
            if is_meant.is_none() || is_first_of_many {
                known_since = known_since.max(row.at);
            }
            sent.extend(Some(row).filter(|_| is_meant == Some(true)));
        }
        Ok((sent, known_since))
    }
}
