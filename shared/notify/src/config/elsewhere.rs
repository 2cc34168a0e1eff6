//! A route that was said elsewhere: at the hub, for a node whose channels the hub does not know.

use std::collections::BTreeMap;

use super::{ConfigError, RouteSaid};
use crate::mind::Route;

/// Checks a route with the channels that are configured here. Those that are not are left out of it, and named: who has
/// none of them tells nobody by this route.
///
/// # Errors
/// When the rest of it makes no sense here.
pub fn check_elsewhere(
    said: &RouteSaid,
    receivers: &BTreeMap<String, Vec<String>>,
) -> Result<(Route, Vec<String>), ConfigError> {
    let mut known = receivers.clone();
    for channel in said.all_channels() {
        known.entry(channel.clone()).or_insert_with(|| vec![String::new()]);
    }
    let mut route = said.check(&known)?;
    let (here, unknown) = route.channels.into_iter().partition(|channel| receivers.contains_key(channel));
    route.channels = here;
    for step in &mut route.ladder.steps {
        step.channels.retain(|channel| receivers.contains_key(channel));
    }
    Ok((route, unknown))
}
