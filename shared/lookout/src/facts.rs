//! What is told of an alert, as its rows stand?

use std::collections::BTreeMap;

use vigie_alerts::{Alert, Judge, Standing};
use vigie_merge::Scope;
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_notify::{
    About, AlertId, Change, Digest16, Facts, Freshness, Heard, Instance, Judge as ToldBy, Link, Reach, Text, Transition,
};
use vigie_serve::french_numbers;
use vigie_watch::PRESENCE_LABEL;
use vigie_watch::presence::Reach as Known;

use crate::mutes::place_of;
use crate::presence;

/// The label by which a snooze names its alert.
pub(crate) const ALERT_LABEL: &str = "vigie_alert";

/// What was learnt within this time may not be told yet: who tells was away for no longer, or begins anew.
const NEWS_MS: i64 = 3_600_000;

/// Whom an alert of the whole deployment belongs to, where a client must be named.
const HOUSE: &str = "hub";

/// Who looks at the rows, and what he knows besides.
pub(crate) struct Teller<'a> {
    pub(crate) node: NodeId,
    pub(crate) role: Role,
    /// Where people find this node's page; nothing where nobody said.
    pub(crate) url: Option<&'a str>,
    pub(crate) french: bool,
    pub(crate) known: &'a dyn Fn(&str) -> Option<presence::Known>,
    pub(crate) known_site: &'a dyn Fn(&str, &str) -> Option<presence::Known>,
    pub(crate) exposed: &'a dyn Fn(&str, &str) -> Vec<String>,
}

impl Teller<'_> {
    /// What happened to an alert up to now, to be told again at any time: what is known changes nothing. `begun`: its beginning
    /// is news, though it may be over.
    pub(crate) fn heard(&self, alert: &Alert, begun: bool, now: UtcMs) -> Vec<Heard> {
        let Some(about) = &alert.about else { return Vec::new() };
        let Some(facts) = self.facts(alert) else { return Vec::new() };
        let instance = Instance { alert: self.id(alert, &facts), began: about.since };
        let judge = self.judge(&about.judge);
        if self.role == Role::Relay && judge == ToldBy::Hub {
            // What the hub judges it tells itself: a relay that learns of a cut afterwards has nothing to say of it.
            return Vec::new();
        }
        let tell = |change: Change, at: UtcMs| {
            Heard::Transition(Box::new(Transition { instance, change, at, judge, facts: facts.clone() }))
        };
        if !alert.is_open() {
            let closed = alert.closings().map(|(said, _)| said.happened).max();
            let ended = tell(Change::Ended, about.ended.or(closed).unwrap_or(now));
            // What began and ended behind a cut comes as one: who is told of its end must hear that there was a beginning.
            let is_news = (begun || now.0.saturating_sub(alert.learnt.0) < NEWS_MS)
                && (judge, self.role) == (ToldBy::Relay, Role::Hub);
            return is_news.then(|| tell(Change::Began, about.since)).into_iter().chain([ended]).collect();
        }
        let mut heard = vec![tell(Change::Began, about.since)];
        let known = alert.acknowledgements().map(|(said, _)| said.happened).min();
        heard
            .extend(known.filter(|_| alert.standing(now) != Standing::Firing).map(|at| tell(Change::Acknowledged, at)));
        heard
    }

    /// The instance that is told of, for what hub and relay say to each other.
    pub(crate) fn instance(&self, alert: &Alert) -> Option<Instance> {
        let facts = self.facts(alert)?;
        Some(Instance { alert: self.id(alert, &facts), began: alert.about.as_ref()?.since })
    }

    fn id(&self, alert: &Alert, facts: &Facts) -> AlertId {
        match (facts.about, &facts.site, &alert.about) {
            (About::Cut, Some(site), _) => AlertId::of_site(&facts.client, site),
            (_, _, Some(about)) => {
                let (client, site) = place_of(&alert.place.scope);
                AlertId::of_thing(client, site, &about.thing.0)
            }
            _ => AlertId(Digest16([0; 16])),
        }
    }

    fn judge(&self, judge: &Judge) -> ToldBy {
        match (judge.node == self.node, self.role) {
            (true, Role::Hub) | (false, Role::Relay) => ToldBy::Hub,
            (true, _) | (false, _) => ToldBy::Relay,
        }
    }

    /// What is told of it, and what routes are asked about it by.
    pub(crate) fn facts(&self, alert: &Alert) -> Option<Facts> {
        let about = alert.about.as_ref()?;
        let (client, site) = place_of(&alert.place.scope);
        let house: Slug = HOUSE.parse().ok()?;
        let is_cut = about.labels.get(PRESENCE_LABEL).is_some_and(|of| of == "site");
        let (of_site, known) = match (is_cut, client, site) {
            (true, Some(client), Some(site)) => {
                ((self.exposed)(client.as_str(), site.as_str()), (self.known_site)(client.as_str(), site.as_str()))
            }
            _ => (Vec::new(), about.labels.get("machine_id").and_then(|id| (self.known)(id))),
        };
        let spoken = |name: &str| about.annotations.get(name).filter(|text| !text.is_empty());
        let french = spoken("summary_fr").filter(|_| self.french).map(|text| french_numbers(text));
        let summary = french.as_deref().or_else(|| spoken("summary").map(String::as_str)).unwrap_or(&about.rule);
        let id = alert.place.id.to_string();
        let labels: BTreeMap<Text, Text> = about
            .labels
            .iter()
            .map(|(name, value)| (Text::new(name), Text::new(value)))
            .chain([(Text::new(ALERT_LABEL), Text::new(&id))])
            .collect();
        Some(Facts {
            about: if is_cut && site.is_some() { About::Cut } else { About::Alert },
            client: client.cloned().unwrap_or(house),
            site: site.cloned(),
            machine: about.labels.get("machine").map(|name| Text::new(name)),
            rule: Text::new(&about.rule),
            title: Text::new(summary),
            severity: about.severity,
            labels,
            value: about.value.is_finite().then(|| Text::new(&about.value.to_string())),
            freshness: freshness(known, about.changed),
            link: self.url.and_then(|url| Link::new(&format!("{}/#incident={id}", url.trim_end_matches('/')))),
            exposed: of_site.iter().map(|name| Text::new(name)).collect(),
        })
    }
}

/// The labels of an alert as silences and routes ask for them.
pub(crate) fn label(alert: &Alert, name: &str) -> String {
    let (client, site) = place_of(&alert.place.scope);
    let Some(about) = &alert.about else { return String::new() };
    match name {
        "client" => client.map(ToString::to_string).unwrap_or_default(),
        "site" => site.map(ToString::to_string).unwrap_or_default(),
        "rule" => about.rule.clone(),
        "severity" => about.severity.as_str().to_owned(),
        other => about.labels.get(other).cloned().unwrap_or_default(),
    }
}

/// Whose an alert of these labels is. A relay's that names no place is of its site.
pub(crate) fn scope_of(labels: &vigie_query::LabelSet, home: Option<&(Slug, Slug)>) -> Scope {
    let slug = |name: &str| labels.get(name).parse::<Slug>().ok();
    match (slug("client"), slug("site"), home) {
        (_, _, Some((client, site))) => Scope::Site(client.clone(), site.clone()),
        (Some(client), Some(site), None) => Scope::Site(client, site),
        (Some(client), None, None) => Scope::Client(client),
        (None, _, None) => Scope::Deployment,
    }
}

/// What is about no machine is as fresh as what was judged.
fn freshness(known: Option<presence::Known>, judged: UtcMs) -> Freshness {
    let Some(known) = known else { return Freshness { reach: Reach::Live, heard: Some(judged), via: None } };
    let reach = match known.reach {
        Known::Live => Reach::Live,
        Known::Late => Reach::Late,
        Known::Silent => Reach::Silent,
        Known::Cut => Reach::Cut,
        Known::Asleep => Reach::Asleep,
        Known::Unseen => Reach::Unseen,
    };
    Freshness { reach, heard: known.heard_at, via: known.via.map(|via| Text::new(&via)) }
}

#[cfg(test)]
mod tests {
    use vigie_alerts::{Book, Heard as Judged, Thing, Verdict};
    use vigie_merge::{Actor, Hlc, Marker};
    use vigie_model::Severity;

    use super::*;

    #[test]
    fn the_same_thing_at_two_sites_is_told_as_two() {
        let mut book = Book::new();
        for (chance, site) in [(1, "lyon"), (2, "paris")] {
            let heard = Judged {
                scope: Scope::Site("acme".parse().expect("a name"), site.parse().expect("a name")),
                thing: Thing([3; 16]),
                rule: "DiskFull".to_owned(),
                severity: Severity::Critical,
                labels: BTreeMap::new(),
                annotations: BTreeMap::new(),
                value: 1.0,
                doubt: None,
                verdict: Verdict::Wrong,
                at: UtcMs(1_000),
            };
            let judge = Judge { node: NodeId::from_bytes([1; 16]), name: "hub".to_owned() };
            let marker = Marker { hlc: Hlc::of_utc(UtcMs(1_000)), actor: Actor::of(1, 1) };
            for edit in book.judged(&heard, &judge, [chance; 10]).expect("short names") {
                let key = edit.key.clone();
                book.take(&key, &edit.onto(None, marker).expect("a new row"), UtcMs(1_000));
            }
        }
        let teller = Teller {
            node: NodeId::from_bytes([1; 16]),
            role: Role::Hub,
            url: None,
            french: false,
            known: &|_| None,
            known_site: &|_, _| None,
            exposed: &|_, _| Vec::new(),
        };
        let told: Vec<Instance> = book.alerts().filter_map(|alert| teller.instance(alert)).collect();
        assert_eq!((told.len(), told[0].began), (2, told[1].began));
        assert_ne!(told[0].alert, told[1].alert);
    }
}
