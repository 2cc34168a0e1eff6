//! How long does a day's state of a site take over a narrow line, and what does one change cost?
//!
//! Virtual time and the bytes of the simulated line, the real session and the real store of rows.

use std::fmt;

use vigie_merge::{Context, Key, Kind, Scope, Ulid};
use vigie_model::UtcMs;
use vigie_store::rows::{Pen, WriteError};

use crate::plan::{HUB, LinkPlan, NodePlan, Plan};
use crate::world::World;

/// The relay of the site.
const RELAY: usize = 1;

/// Machines of the site.
const MACHINES: u64 = 50;

/// Alerts of the day; half of them were taken care of.
const ALERTS: u8 = 40;

const DAY_MS: u64 = 24 * 3_600_000;

/// Longer than anything here may take.
const MOST_MS: u64 = 600_000;

/// What it cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayOfState {
    /// From the first word of the session after the cut until both have the same rows.
    pub ms: u64,
    /// Bytes that crossed the line meanwhile, both ways.
    pub bytes: u64,
    /// Bytes that one change costs while the line is there, both ways, with its acknowledgement.
    pub bytes_per_change: u64,
}

impl fmt::Display for DayOfState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ms, bytes, bytes_per_change } = self;
        write!(f, "a day of {MACHINES} machines: {ms} ms and {bytes} bytes; a change: {bytes_per_change} bytes")
    }
}

/// A site is cut off for a day in which every machine was seen all the time, told two new facts, and forty alerts came; then
/// the line is back, with so many bytes a second each way and 600 ms there and back.
///
/// # Errors
/// When the rows do not become the same.
pub fn day_of_state(bytes_per_second: u64) -> Result<DayOfState, String> {
    let nodes = vec![NodePlan::hub(), NodePlan::relay("relay", LinkPlan::thin(HUB, bytes_per_second))];
    let mut world = World::new(Plan { rows: true, ..Plan::quiet(7, nodes) }, false);
    // Nothing happens but what is written here.
    (world.healed, world.resting) = (true, true);
    world.run_until(30_000);
    write(&mut world, |pen, site| {
        for machine in 0..MACHINES {
            (0..12).try_for_each(|fact| pen.last(&fact_of(site, machine, fact)?, Some(vec![7; 40])))?;
            pen.last(&presence_of(site, machine)?, Some(vec![1; 12]))?;
        }
        Ok(())
    })?;
    until_same(&mut world)?;
    world.cut_link(0, DAY_MS);
    world.run_until(world.now + DAY_MS / 2);
    write(&mut world, |pen, site| {
        for machine in 0..MACHINES {
            (0..2).try_for_each(|fact| pen.last(&fact_of(site, machine, fact)?, Some(vec![8; 40])))?;
            pen.last(&presence_of(site, machine)?, Some(vec![2; 12]))?;
        }
        Ok(())
    })?;
    for alert in 0..ALERTS {
        write(&mut world, |pen, site| {
            let id = Ulid::new(UtcMs(1_790_000_000_000), [alert; 10]).to_string();
            pen.add(&key(site, &Kind::Alert, &id)?, vec![alert; 24])?;
            pen.last(&key(site, &Kind::About, &id)?, Some(vec![alert; 120]))?;
            if alert.is_multiple_of(2) {
                let seen = Context::default();
                pen.many(&key(site, &Kind::Ack, &format!("{id}/acknowledged"))?, &seen, Some(vec![alert; 40]))?;
            }
            Ok(())
        })?;
    }
    let sessions = world.tally().sessions;
    while world.tally().sessions < sessions + 2 && world.failure().is_none() {
        world.run_until(world.now + 10);
    }
    let (began, before) = (world.now, world.line_bytes());
    until_same(&mut world)?;
    let (ms, bytes) = (world.now - began, world.line_bytes() - before);
    world.run_until(world.now + 180_000);
    let before = world.line_bytes();
    let changes = 20;
    for change in 0..changes {
        write(&mut world, |pen, site| pen.last(&presence_of(site, 7)?, Some(vec![change; 12])))?;
        world.run_until(world.now + 5_000);
    }
    until_same(&mut world)?;
    let bytes_per_change = (world.line_bytes() - before) / u64::from(changes);
    Ok(DayOfState { ms, bytes, bytes_per_change })
}

fn until_same(world: &mut World) -> Result<(), String> {
    let until = world.now + MOST_MS;
    while let Some(lacking) = world.rows_lacking() {
        if let Some(broken) = world.failure() {
            return Err(broken.to_owned());
        }
        if world.now > until {
            return Err(lacking);
        }
        world.run_until(world.now + 50);
    }
    Ok(())
}

fn write(world: &mut World, work: impl FnOnce(&mut Pen<'_>, &Scope) -> Result<(), WriteError>) -> Result<(), String> {
    world.write_rows(RELAY, work).map_err(|error| error.to_string())
}

fn fact_of(site: &Scope, machine: u64, fact: u64) -> Result<Key, WriteError> {
    key(site, &Kind::Fact, &format!("{machine:032x}/{fact}"))
}

fn presence_of(site: &Scope, machine: u64) -> Result<Key, WriteError> {
    key(site, &Kind::Presence, &format!("{machine:032x}"))
}

fn key(site: &Scope, kind: &Kind, name: &str) -> Result<Key, WriteError> {
    // Keys that are written out here are keys.
    Key::new(site, kind, name).map_err(|_| WriteError::Stale)
}
