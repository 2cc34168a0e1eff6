//! What the site hands out.

use vigie_serve::CarriesOut;

/// What waits here for the hub.
pub(crate) struct Written;

impl CarriesOut for Written {
    fn write(&self, out: &mut dyn std::io::Write) -> Result<(), String> {
        out.write_all(&[7; 200_000]).map_err(|error| error.to_string())
    }
}
