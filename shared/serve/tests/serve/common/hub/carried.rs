//! Files that are carried here: whatever comes is taken.

use std::collections::BTreeMap;

use vigie_model::UtcMs;
use vigie_serve::{CarriedIn, CarriedRows, CarriedTicks, CarriesIn, NotCarriedIn, Place, Stamp};

use super::super::id_of;

/// Reads whatever comes, and counts its bytes as ticks; what begins with `torn` it takes in part.
pub(crate) struct Brought;

impl CarriesIn for Brought {
    fn take(&self, place: &Place, file: &mut dyn std::io::Read) -> Result<CarriedIn, NotCarriedIn> {
        let mut bytes = Vec::new();
        let read = file.read_to_end(&mut bytes);
        let new = bytes.len() as u64;
        let taken = CarriedIn {
            relay: id_of("relay"),
            name: "box".to_owned(),
            client: place.client.clone(),
            site: place.site.clone(),
            made_at: Stamp(UtcMs(0)),
            parts: 1,
            streams: 1,
            ticks: CarriedTicks { in_file: new, new, ..CarriedTicks::default() },
            rows: CarriedRows::default(),
            refused: BTreeMap::new(),
        };
        match read {
            Ok(_) if bytes.starts_with(b"torn") => {
                Err(NotCarriedIn::Part { why: "part 2 is torn".to_owned(), taken: Box::new(taken) })
            }
            Ok(_) if bytes.starts_with(b"other") => Err(NotCarriedIn::Refused("it is for another hub".to_owned())),
            Ok(_) => Ok(taken),
            Err(error) => Err(NotCarriedIn::Part { why: error.to_string(), taken: Box::new(taken) }),
        }
    }
}
