//! How hot is it in there?
//!
//! Through sysinfo, on a thread of its own: a sensor behind a broken bus can hang. A virtual machine has no sensors and
//! gets no figures.

use sysinfo::Components;
use vigie_model::Resolution;

use super::helper::Helper;
use super::roster::Roster;
use super::{CollectError, Collector, Reading, Round, Slot, Tier};

/// What a machine can be, in degrees Celsius. Unconnected probes read -128, 127 or 255.
const BELIEVABLE: std::ops::RangeInclusive<f32> = -60.0..=125.0;

/// Reads the sensors of hwmon in medium rounds; looks for new ones in slow rounds.
#[derive(Debug)]
pub(super) struct Sensors {
    helper: Helper<Look, Result<Vec<Temperature>, CollectError>>,
    slots: Roster<Slot>,
    found: bool,
}

impl Sensors {
    pub(super) fn new() -> Self {
        let make = || {
            let mut components = None;
            move |look| read(&mut components, look)
        };
        Self { helper: Helper::new("vigie-sensor", make), slots: Roster::new(), found: true }
    }
}

impl Collector for Sensors {
    fn name(&self) -> &'static str {
        "sensor"
    }

    fn tier(&self) -> Tier {
        Tier::Medium
    }

    fn collect(&mut self, round: &Round<'_>, _: &mut Vec<u8>, reading: &mut Reading<'_>) -> Result<(), CollectError> {
        let look = if round.due.contains(Tier::Slow) { Look::ForNew } else { Look::AtKnown };
        if look == Look::AtKnown && !self.found {
            return Err(CollectError::NothingHere);
        }
        self.helper.ask(look)?;
        let temperatures = self.helper.answer(round.deadline)??;
        self.found = !temperatures.is_empty();
        for Temperature { sensor, degrees } in &temperatures {
            if !BELIEVABLE.contains(degrees) {
                reading.strange(1);
                continue;
            }
            let declare = |name: &str| reading.gauge("hw.temperature", &[("hw.id", name)], "Cel", Resolution::TENTH);
            if let Some(slot) = self.slots.entry(sensor.as_bytes(), declare) {
                reading.record(*slot, f64::from(*degrees));
            }
        }
        if self.found { Ok(()) } else { Err(CollectError::NothingHere) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// List the sensors again.
    ForNew,
    /// Read those that were listed.
    AtKnown,
}

#[derive(Debug)]
struct Temperature {
    sensor: String,
    degrees: f32,
}

fn read(components: &mut Option<Components>, look: Look) -> Result<Vec<Temperature>, CollectError> {
    let components = match components {
        Some(components) => components,
        None => components.insert(Components::new().map_err(refused)?),
    };
    match look {
        Look::ForNew => components.refresh(true),
        Look::AtKnown => components.iter_mut().for_each(sysinfo::Component::refresh),
    }
    // The label, not the number of the chip: numbers are given anew at each boot.
    let told = components.iter().filter_map(|sensor| {
        let degrees = sensor.temperature()?;
        Some(Temperature { sensor: sensor.label().to_owned(), degrees })
    });
    Ok(told.collect())
}

fn refused(error: sysinfo::Error) -> CollectError {
    CollectError::Refused { what: "the list of sensors", reason: format!("{error:?}") }
}
