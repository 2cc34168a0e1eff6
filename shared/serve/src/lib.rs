//! What relay and hub both serve over HTTP.
