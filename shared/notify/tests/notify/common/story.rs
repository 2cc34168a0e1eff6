//! A mind that lives through a story, a second at a time.

use std::collections::BTreeMap;

use vigie_notify::{Clocks, Heard, Intent, Kind, Mind, Restored, Rules, Seat, Table};

use super::{SECOND, at, clocks, one_route};

/// A mind, and all that it ever wanted told, with the second of it.
pub struct Story {
    pub mind: Mind,
    pub told: Vec<(i64, Intent)>,
    pub now: i64,
    pub disk: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
    pub rules: Rules,
    /// By how much somebody set the wall clock.
    pub ahead: i64,
}

impl Story {
    pub fn new(rules: Rules) -> Self {
        let (told, disk) = (Vec::new(), BTreeMap::new());
        Self { mind: Mind::new(rules.clone(), clocks(0)), told, now: 0, disk, rules, ahead: 0 }
    }

    pub fn clocks(&self) -> Clocks {
        Clocks { wall: at(self.now.saturating_add(self.ahead)), ..clocks(self.now) }
    }

    pub fn hears(&mut self, heard: Heard) {
        self.mind.hear(heard, self.clocks()).expect("there is room");
        self.write();
    }

    /// Lets time go on until then, a second at a time.
    pub fn until(&mut self, when: i64) {
        while self.now < when {
            self.now = (self.now + SECOND).min(when);
            let due = self.mind.due(self.clocks());
            self.told.extend(due.into_iter().map(|intent| (self.now / SECOND, intent)));
            self.write();
        }
    }

    pub fn write(&mut self) {
        for (table, key, row) in self.mind.take_rows().iter() {
            match row {
                Some(row) => drop(self.disk.insert((table, key.to_vec()), row.to_vec())),
                None => drop(self.disk.remove(&(table, key.to_vec()))),
            }
        }
    }

    pub fn restarts(&mut self) {
        let rows = self.disk.iter().map(|((table, key), row)| (*table, key.clone(), row.clone())).collect();
        self.mind = Mind::restore(self.rules.clone(), &Restored { rows }, self.clocks());
    }

    /// Rows that are there but for those that only keep it from being told again.
    pub fn left(&self) -> usize {
        self.disk.keys().filter(|(table, _)| *table != Table::Done).count()
    }

    pub fn kinds(&self) -> Vec<(i64, Kind, usize, usize)> {
        let of = |(second, intent): &(i64, Intent)| {
            let notice = &intent.notice;
            let (wrong, over) =
                (notice.wrong.len() + notice.more_wrong as usize, notice.over.len() + notice.more_over as usize);
            (*second, notice.kind, wrong, over)
        };
        self.told.iter().map(of).collect()
    }
}

pub fn hub(more: &str) -> Story {
    Story::new(one_route(Seat::Hub, more))
}

pub fn relay(more: &str) -> Story {
    Story::new(one_route(Seat::Relay, more))
}
