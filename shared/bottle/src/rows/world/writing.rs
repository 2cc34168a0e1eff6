//! Who writes what.

use vigie_merge::{Key, Kind, RangeSet, Row, Scope, Ulid};
use vigie_model::UtcMs;
use vigie_store::rows::{Pen, WriteError};
use vigie_sync::rows::guard;

use super::super::oracle::Wrote;
use super::{HOUR_MS, SITES, World};

/// Rows with dots are written to for so long, then never again: their keys are not used a second time.
const GENERATION_MS: u64 = 48 * HOUR_MS;

/// Rows of each kind and place.
const ROWS: u64 = 4;

impl World {
    pub(super) fn write_somewhere(&mut self) {
        let node = self.chance.below(self.nodes.len() as u64) as usize;
        let count = if self.chance.one_in(8) { 3 } else { 1 };
        let keys: Vec<Key> = (0..count).filter_map(|_| self.key(node)).collect();
        let (stamp, mut serial, mut chance) = (self.stamp(node), self.serial, self.chance.fork());
        let suspect = self.nodes[node].suspect;
        let Some(rows) = &mut self.nodes[node].rows else { return };
        let mut said = Vec::new();
        let mut over = Vec::new();
        let done = rows.write(stamp, |pen| {
            for key in &keys {
                serial += 1;
                let wrote = write_one(pen, key, serial, &mut chance, &mut over)?;
                said.push((key.clone(), wrote));
            }
            Ok(())
        });
        let before = self.tally.writes;
        self.serial = serial;
        // Whether it was acknowledged or not, it may have happened.
        self.oracle.overwritten.extend(over);
        let dotted = |key: &Key| key.kind().row_type().is_some_and(vigie_merge::RowType::has_dots);
        if suspect {
            self.tainted.extend(keys.iter().filter(|key| dotted(key)).cloned());
        }
        match done {
            Ok(()) => {
                let place = self.nodes[node].who.view.clone();
                self.say(|| format!("node {node} ({place}) wrote {said:?}"));
                for (key, wrote) in said {
                    let others = self.nodes.iter().filter(|other| guard::may_see(&other.who, &key)).count() as u64 - 1;
                    self.tally.ideal += others;
                    self.oracle.wrote(key.clone(), wrote, suspect && dotted(&key));
                    self.tally.writes += 1;
                }
                self.changed(node);
            }
            Err(WriteError::Rows(error)) => {
                self.failed(node, &error);
                self.note_unsaid(node, said);
            }
            Err(error) => self.broken(format!("node {node} could not write: {error}")),
        }
        debug_assert!(self.tally.writes >= before, "writes are counted up");
        self.forgive_tainted();
    }

    /// Nobody was told of these writes, and some may have happened all the same. A deletion that did may be forgotten later,
    /// and with it what it deleted; nobody asks for the deletion itself.
    fn note_unsaid(&mut self, node: usize, said: Vec<(Key, Wrote)>) {
        let rows = self.dump(node);
        for (key, wrote) in said {
            let Wrote::Last(marker, true) = wrote else { continue };
            let is = rows.get(&key).and_then(|bytes| Row::admit(bytes, |_| true).ok()).and_then(|row| row.marker());
            if is == Some(marker) {
                self.oracle.wrote(key, wrote, true);
            }
        }
    }

    /// One write may bear two names there: nobody can say what must be left.
    fn forgive_tainted(&mut self) {
        if self.tainted.is_empty() {
            return;
        }
        let tainted = &self.tainted;
        for write in self.oracle.writes.iter_mut().filter(|write| tainted.contains(&write.key)) {
            write.forgiven = true;
        }
    }

    fn key(&mut self, node: usize) -> Option<Key> {
        let scope = match &self.nodes[node].who.view {
            Scope::Deployment => {
                let (client, site, _) = *self.chance.pick(&SITES);
                let (client, site) = (client.parse().ok()?, site.parse().ok()?);
                match self.chance.below(6) {
                    0 => Scope::Deployment,
                    1 => Scope::Client(client),
                    _ => Scope::Site(client, site),
                }
            }
            view => view.clone(),
        };
        let kinds = [
            Kind::Fact,
            Kind::Presence,
            Kind::Rule,
            Kind::Ack,
            Kind::Alert,
            Kind::Alert,
            Kind::Tag,
            Kind::Audit,
            Kind::Held,
            Kind::Grant,
        ];
        let kind = self.chance.pick(if node == 0 { &kinds } else { &kinds[..8] }).clone();
        let row = self.chance.below(ROWS);
        let generation = (self.now / GENERATION_MS) as i64;
        let ulid = Ulid::new(UtcMs(generation), [row as u8; 10]);
        // A set of sixty-four is full: sets begin anew as well.
        let name = match kind {
            Kind::Rule | Kind::Ack | Kind::Alert => ulid.to_string(),
            Kind::Audit => format!("{generation}/{row}"),
            _ => format!("{row}"),
        };
        Key::new(&scope, &kind, &name).ok()
    }
}

fn write_one(
    pen: &mut Pen<'_>,
    key: &Key,
    serial: u64,
    chance: &mut crate::chance::Chance,
    over: &mut Vec<(Key, Vec<u8>)>,
) -> Result<Wrote, WriteError> {
    let value = format!("value {serial}").into_bytes();
    let found = pen.get(key)?;
    match key.kind() {
        Kind::Rule | Kind::Ack => {
            let (seen, values) = match &found {
                Some(Row::Many(many)) => (many.context(), many.values()),
                _ => Default::default(),
            };
            over.extend(values.into_iter().filter_map(|(_, value)| Some((key.clone(), value?))));
            let clears = chance.one_in(5);
            pen.many(key, &seen, (!clears).then(|| value.clone()))?;
            Ok(if clears { Wrote::Cleared } else { Wrote::Value(value) })
        }
        Kind::Alert => {
            let members: Vec<Vec<u8>> = match &found {
                Some(Row::Members(members)) => members.members().into_iter().collect(),
                _ => Vec::new(),
            };
            if members.len() < 6 && !chance.one_in(3) || members.is_empty() {
                pen.add(key, value.clone())?;
                return Ok(Wrote::Member(value));
            }
            let member = chance.pick(&members).clone();
            over.push((key.clone(), member.clone()));
            if let Some(Row::Members(row)) = &found {
                pen.remove(key, &member, &row.context(&member))?;
            }
            Ok(Wrote::Cleared)
        }
        Kind::Tag => {
            pen.set(key, chance.one_in(2))?;
            Ok(pen.get(key)?.map_or(Wrote::Cleared, Wrote::Length))
        }
        Kind::Held => {
            let first = chance.below(500);
            pen.ranges(key, &RangeSet::of(first, first + chance.below(20)))?;
            Ok(pen.get(key)?.map_or(Wrote::Cleared, Wrote::Ranges))
        }
        Kind::Audit => {
            let full = matches!(&found, Some(Row::Grow(grow)) if grow.members().len() > 20);
            if full {
                return Ok(Wrote::Cleared);
            }
            pen.grow(key, value.clone())?;
            Ok(Wrote::Grown(value))
        }
        _ => {
            let deletes = chance.one_in(3);
            pen.last(key, (!deletes).then_some(value))?;
            let marker = pen.get(key)?.and_then(|row| row.marker()).unwrap_or_default();
            Ok(Wrote::Last(marker, deletes))
        }
    }
}
