//! Have services of this machine failed?
//!
//! systemd counts the units that failed and shows the count on the system bus; anybody may read it. One question a minute,
//! and nothing is started for it. Which ones they are, `systemctl --failed` says there.

use std::io;
use std::path::PathBuf;

use vigie_model::Resolution;

use super::bus::{self, Property};
use super::{CollectError, Collector, Machine, Reading, Round, Slot, Tier};

const FAILED: Property = Property {
    service: "org.freedesktop.systemd1",
    object: "/org/freedesktop/systemd1",
    interface: "org.freedesktop.systemd1.Manager",
    name: "NFailedUnits",
};

/// Asks in medium rounds. A machine without a bus, or whose services somebody else starts, has no figure.
#[derive(Debug)]
pub(super) struct Services {
    bus: PathBuf,
    failed: Option<Slot>,
}

impl Services {
    pub(super) fn new(machine: &Machine) -> Self {
        Self { bus: machine.run("dbus/system_bus_socket"), failed: None }
    }
}

impl Collector for Services {
    fn name(&self) -> &'static str {
        "service"
    }

    fn tier(&self) -> Tier {
        Tier::Medium
    }

    fn collect(&mut self, round: &Round<'_>, _: &mut Vec<u8>, reading: &mut Reading<'_>) -> Result<(), CollectError> {
        let failed = bus::ask(&self.bus, &FAILED, round.deadline).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                CollectError::Absent { path: self.bus.clone() }
            }
            _ => CollectError::Read { path: self.bus.clone(), source },
        })?;
        let failed = failed.ok_or(CollectError::NothingHere)?;
        let declare = || reading.gauge("system.linux.services.failed", &[], "{service}", Resolution::ONE);
        let slot = *self.failed.get_or_insert_with(declare);
        reading.record(slot, f64::from(failed));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::bus::tests::{bus, reply};
    use super::super::{Collectors, Health, OwnFigures, Schema, Tiers};
    use super::*;

    #[test]
    fn failed_services_are_counted_where_systemd_says_so_and_missing_elsewhere() {
        for (answer, wanted) in [
            (reply(2, 2, &[1, b'u', 0, 0, 2, 0, 0, 0]), (Health::Up, Some(2))),
            (reply(3, 2, &[]), (Health::Absent, None)),
        ] {
            let root = tempfile::tempdir().expect("a folder");
            let folder = root.path().join("run/dbus");
            std::fs::create_dir_all(&folder).expect("a folder");
            drop(bus(&folder.join("system_bus_socket"), answer));
            let mut collectors = Collectors::machine(&Machine::at(root.path()), Schema::new());
            let samples = collectors.round(Tiers::ALL, vigie_model::Seq(1), &OwnFigures::default());
            let status = collectors.statuses().find(|status| status.name == "service").expect("on the list");
            let place = collectors.schema().defs().iter().position(|def| def.name() == "system.linux.services.failed");
            let value = place.and_then(|place| samples.iter().find(|sample| sample.series.0 as usize == place));
            assert_eq!((status.health, value.map(|sample| sample.value)), wanted, "{status:?}");
        }
    }
}
