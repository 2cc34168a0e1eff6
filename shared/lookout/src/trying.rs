//! Does a route reach the people it names? A real message to each receiver, and what each service really said.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use vigie_merge::Scope;
use vigie_model::{Slug, UtcMs};
use vigie_notify::Route;
use vigie_serve::{
    Dispatch, DispatchSaid, Dispatched, Message, OnCallShown, ReceiverTried, RouteShown, RouteTried, SaidAt, Stamp,
    ToldOf, Undecided,
};

use crate::ruling::Typed;
use crate::watchman::{Watchman, lock};

/// How long a route that was tried is left in peace: a test rings telephones.
const PEACE: Duration = Duration::from_secs(10);

/// When routes were last tried.
#[derive(Debug, Default)]
pub(crate) struct Trials(BTreeMap<String, Instant>);

impl Trials {
    /// Takes a turn for a route, unless somebody tried it a moment ago.
    fn take(&mut self, route: &str, now: Instant) -> Result<(), Undecided> {
        self.0.retain(|_, at| now.duration_since(*at) < PEACE);
        if self.0.insert(route.to_owned(), now).is_some() {
            return Err(Undecided::NotKept(format!(
                "route {route:?} was tried less than {} s ago, and its receivers are left in peace",
                PEACE.as_secs()
            )));
        }
        Ok(())
    }
}

impl Dispatch for Watchman {
    fn on_call(&self) -> Vec<OnCallShown> {
        self.on_call_shown()
    }

    fn routes(&self) -> Vec<RouteShown> {
        self.all_routes()
    }

    fn try_route(&self, name: &str, by: &str) -> Result<RouteTried, Undecided> {
        let rules = lock(&self.register).routes.with(&self.told_by);
        let found = self.all_routes().into_iter().find(|route| route.name == name);
        let shown = found.ok_or(Undecided::NotHere("such route"))?;
        let route = rules.routes.iter().find(|route| route.name == name && shown.used);
        let route = route.ok_or_else(|| {
            Undecided::Senseless(shown.why.clone().unwrap_or_else(|| "it is not used here".to_owned()))
        })?;
        lock(&self.trials).take(name, Instant::now())?;
        tracing::info!(route = name, by, "a route is tried");
        let receivers = self.try_channels(route)?;
        let delivered = !receivers.is_empty() && receivers.iter().all(|one| one.delivered);
        Ok(RouteTried { route: name.to_owned(), delivered, receivers })
    }

    fn told_of(&self, incident: &str) -> Result<ToldOf, Undecided> {
        self.told_of_incident(incident)
    }

    fn send_again(&self, message: &str) -> Result<Message, Undecided> {
        self.message_again(message)
    }

    fn call_off(&self, message: &str) -> Result<Message, Undecided> {
        self.message_called_off(message)
    }

    fn said(&self, what: Dispatched, place: &SaidAt, name: &str) -> Option<DispatchSaid> {
        self.dispatch_said(what, place, name)
    }

    fn say(
        &self,
        what: Dispatched,
        place: &SaidAt,
        name: &str,
        said: &Value,
        by: &str,
    ) -> Result<DispatchSaid, Undecided> {
        let said = std::slice::from_ref(said);
        match what {
            Dispatched::Route => self.apply_routes(&place.into(), said, by)?,
            Dispatched::OnCall => self.apply_schedules(&place.into(), said, by)?,
        };
        self.dispatch_said(what, place, name).ok_or(Undecided::Changed)
    }

    fn take_back(&self, what: Dispatched, place: &SaidAt, name: &str, by: &str) -> Result<(), Undecided> {
        match what {
            Dispatched::Route => self.remove_route(&place.into(), name, by)?,
            Dispatched::OnCall => self.remove_schedule(&place.into(), name, by)?,
        };
        Ok(())
    }

    fn stand_in(
        &self,
        place: &SaidAt,
        name: &str,
        (who, from, until): (&str, Stamp, Stamp),
        by: &str,
    ) -> Result<DispatchSaid, Undecided> {
        let times = (who, UtcMs(from.ms()), UtcMs(until.ms()));
        Watchman::stand_in(self, &place.into(), name, times, by)?;
        self.dispatch_said(Dispatched::OnCall, place, name).ok_or(Undecided::Changed)
    }
}

impl<'p> From<&'p SaidAt> for Typed<'p> {
    fn from(place: &'p SaidAt) -> Self {
        Self { client: place.client.as_ref(), site: place.site.as_ref(), ..Self::default() }
    }
}

impl Watchman {
    /// What stands in the row of a route or a schedule of a place.
    fn dispatch_said(&self, what: Dispatched, place: &SaidAt, name: &str) -> Option<DispatchSaid> {
        let scope = match (&place.client, &place.site) {
            (None, _) => Scope::Deployment,
            (Some(client), None) => Scope::Client(client.clone()),
            (Some(client), Some(site)) => Scope::Site(client.clone(), site.clone()),
        };
        let register = lock(&self.register);
        let row = match what {
            Dispatched::Route => register.routes.row(&scope, name),
            Dispatched::OnCall => register.routes.schedules.row(&scope, name),
        };
        let row = row?;
        Some(DispatchSaid {
            name: row.what.name.clone(),
            client: place.client.clone(),
            site: place.site.clone(),
            said: serde_json::from_str(row.what.text.as_ref()?).ok()?,
            by: row.by.clone(),
            made_at: Stamp(row.happened),
        })
    }

    fn try_channels(&self, route: &Route) -> Result<Vec<ReceiverTried>, Undecided> {
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|_| Undecided::NotKept("there is no runtime to send by".to_owned()))?;
        let now = self.utc();
        let mut receivers = Vec::new();
        for name in &route.channels {
            let Some(channel) = self.channels.get(name) else {
                receivers.push(closed(name));
                continue;
            };
            for tried in runtime.block_on(channel.test(route.language, now)) {
                let (delivered, said) = match tried.said {
                    Ok(said) => (true, said),
                    Err(why) => (false, why),
                };
                receivers.push(ReceiverTried {
                    channel: name.clone(),
                    kind: channel.kind(),
                    to: tried.to,
                    delivered,
                    said: said.as_str().to_owned(),
                    took_ms: u64::try_from(tried.took.as_millis()).unwrap_or(u64::MAX),
                    two_way: channel.answers().map(two_way),
                });
            }
        }
        Ok(receivers)
    }
}

fn closed(channel: &str) -> ReceiverTried {
    ReceiverTried {
        channel: channel.to_owned(),
        kind: "unknown",
        to: String::new(),
        delivered: false,
        said: "this channel is not open here".to_owned(),
        took_ms: 0,
        two_way: None,
    }
}

/// Whether people answer by a channel, in words, by which the hub's pages know it too (`channels/ladder.ts`).
fn two_way(answers: Result<bool, String>) -> String {
    match answers {
        Ok(true) => "people answer from there".to_owned(),
        Ok(false) => "people can not answer from there: it has no [channel.two_way]".to_owned(),
        Err(why) => format!("people can not answer from there: {why}"),
    }
}

/// Whose alerts a route tells of, if it is those of one alone.
pub(crate) fn place_of(route: &Route) -> (Option<Slug>, Option<Slug>) {
    let only = |all: &std::collections::BTreeSet<Slug>| (all.len() == 1).then(|| all.first().cloned()).flatten();
    let client = only(&route.clients);
    let site = client.as_ref().and_then(|_| only(&route.sites));
    (client, site)
}

/// As [`place_of`], of the place for which something was said.
pub(crate) fn place_of_scope(scope: &Scope) -> (Option<Slug>, Option<Slug>) {
    match scope {
        Scope::Deployment => (None, None),
        Scope::Client(client) => (Some(client.clone()), None),
        Scope::Site(client, site) => (Some(client.clone()), Some(site.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_tried_once_in_a_while_and_others_meanwhile() {
        let (mut trials, began) = (Trials::default(), Instant::now());
        assert_eq!(trials.take("night", began), Ok(()));
        let why = trials.take("night", began + Duration::from_secs(9)).expect_err("too soon").to_string();
        assert!(why.contains("left in peace"), "{why}");
        assert_eq!(trials.take("day", began), Ok(()));
        assert_eq!(trials.take("night", began + Duration::from_secs(20)), Ok(()));
    }
}
