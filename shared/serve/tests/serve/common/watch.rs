//! Somebody who watches two clients, and notes what was decided.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use vigie_model::{NodeId, Severity, UtcMs};
use vigie_serve::{
    Availability, AvailabilityWish, Cut, Decision, Dispatch, DispatchSaid, Dispatched, Incident, IncidentState,
    Incidents, LabelSet, MachineMinutes, Mark, Marks, Message, MessageOf, MessageState, Minutes, Mute, MutePreview,
    MuteWish, OnCallNow, OnCallShown, Place, Reached, ReceiverTried, RouteOf, RouteShown, RouteStands, RouteTried,
    RuleAlert, RuleGroup, RuleLevels, RuleOrigin, RuleShown, RuleWish, SaidAt, SiteMinutes, Sketch, Stamp, Telling,
    ToldOf, Undecided, Word,
};

use super::{id_of, slug};

/// Two incidents, one of each client; notes what was decided.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) home: Option<Place>,
    pub(crate) decided: Mutex<Vec<(String, Decision, String)>>,
    /// When those who decided it said that they did.
    pub(crate) happened: Mutex<Vec<Option<Stamp>>>,
    pub(crate) muted: Mutex<Vec<(MuteWish, String)>>,
    /// What else mutes, by its id.
    pub(crate) mutes_too: Mutex<Vec<(&'static str, MuteWish)>>,
    pub(crate) ended: Mutex<u32>,
    pub(crate) tuned: Mutex<Vec<(RuleWish, String)>>,
    pub(crate) tried: Mutex<Vec<(String, String)>>,
    /// Routes and schedules that were said, the latest last.
    pub(crate) said: Mutex<Vec<DispatchSaid>>,
    /// What machines are called.
    pub(crate) marks: Mutex<Arc<Marks>>,
    /// Incidents about single machines.
    pub(crate) about: Mutex<Vec<Incident>>,
    /// How many incidents were drawn up for whoever asked.
    pub(crate) drawn: AtomicUsize,
    /// How many more incidents there are, of each client.
    pub(crate) began: AtomicU64,
}

fn of(place: &SaidAt, name: &str, said: Value, by: &str) -> DispatchSaid {
    let SaidAt { client, site } = place.clone();
    DispatchSaid { name: name.to_owned(), client, site, said, by: by.to_owned(), made_at: Stamp(UtcMs(0)) }
}

impl Dispatch for Watch {
    fn on_call(&self) -> Vec<OnCallShown> {
        let of = |name: &str, client: Option<&str>| OnCallShown {
            name: name.to_owned(),
            scope: name.to_owned(),
            client: client.map(slug),
            site: None,
            on_call: Some(OnCallNow { name: "marie".to_owned(), until: Stamp(UtcMs(0)), stands_in: false }),
            next: None,
            why: None,
            by: "ann@acme.org".to_owned(),
            made_at: Stamp(UtcMs(0)),
        };
        vec![of("all", None), of("acme", Some("acme"))]
    }

    fn routes(&self) -> Vec<RouteShown> {
        let of = |name: &str, client: Option<&str>, site: Option<&str>| RouteShown {
            name: name.to_owned(),
            source: "hub",
            scope: name.to_owned(),
            client: client.map(slug),
            site: site.map(slug),
            channels: vec!["mail".to_owned()],
            unknown_channels: Vec::new(),
            severity: Some(Severity::Warning),
            always: false,
            used: true,
            why: None,
            by: Some("ann@acme.org".to_owned()),
            made_at: None,
        };
        vec![of("all", None, None), of("acme", Some("acme"), None), of("lyon", Some("acme"), Some("lyon"))]
    }

    fn told_of(&self, incident: &str) -> Result<ToldOf, Undecided> {
        self.incidents().into_iter().find(|one| one.id == incident).ok_or(Undecided::NotHere("such incident"))?;
        let message = MessageOf {
            id: MESSAGE.to_owned(),
            state: MessageState::Sent,
            kind: "firing".to_owned(),
            route: "all".to_owned(),
            channel: "mail".to_owned(),
            to: Some("ops@acme.org".to_owned()),
            at: Stamp(UtcMs(0)),
            tries: 1,
            said: Some("250 kept by mx.acme.org".to_owned()),
            displayed_at: None,
        };
        let route = RouteOf { route: "all".to_owned(), standing: RouteStands::Told, until: None };
        Ok(ToldOf { messages: vec![message], earlier: 0, routes: vec![route], known_since: None })
    }

    fn send_again(&self, message: &str) -> Result<Message, Undecided> {
        Watch::messages().into_iter().find(|one| one.id == message).ok_or(Undecided::NotHere("such message"))
    }

    fn call_off(&self, message: &str) -> Result<Message, Undecided> {
        self.send_again(message)
    }

    fn try_route(&self, name: &str, by: &str) -> Result<RouteTried, Undecided> {
        self.tried.lock().expect("no test panics here").push((name.to_owned(), by.to_owned()));
        let receiver = ReceiverTried {
            channel: "mail".to_owned(),
            kind: "smtp",
            to: "ops@acme.org".to_owned(),
            delivered: true,
            said: "250 kept".to_owned(),
            took_ms: 12,
            two_way: None,
        };
        Ok(RouteTried { route: name.to_owned(), delivered: true, receivers: vec![receiver] })
    }

    fn said(&self, what: Dispatched, place: &SaidAt, name: &str) -> Option<DispatchSaid> {
        let put = self.said.lock().expect("no test panics here");
        let found = put
            .iter()
            .rev()
            .find(|one| (one.name.as_str(), &one.client, &one.site) == (name, &place.client, &place.site));
        let known = match what {
            Dispatched::Route => name == "lyon",
            Dispatched::OnCall => name == "acme",
        };
        let at_lyon = place.client == Some(slug("acme")) && place.site == Some(slug("lyon"));
        found
            .cloned()
            .or_else(|| (known && at_lyon).then(|| of(place, name, json!({ "channels": ["call"] }), "ann@acme.org")))
    }

    fn say(
        &self,
        _: Dispatched,
        place: &SaidAt,
        name: &str,
        said: &Value,
        by: &str,
    ) -> Result<DispatchSaid, Undecided> {
        let said = of(place, name, said.clone(), by);
        self.said.lock().expect("no test panics here").push(said.clone());
        Ok(said)
    }

    fn take_back(&self, _: Dispatched, place: &SaidAt, name: &str, by: &str) -> Result<(), Undecided> {
        self.said.lock().expect("no test panics here").push(of(place, name, Value::Null, by));
        Ok(())
    }

    fn stand_in(
        &self,
        place: &SaidAt,
        name: &str,
        (who, ..): (&str, Stamp, Stamp),
        by: &str,
    ) -> Result<DispatchSaid, Undecided> {
        self.say(Dispatched::OnCall, place, name, &json!({ "stand_in": who }), by)
    }
}

impl Incidents for Watch {
    fn dispatch(&self) -> Option<&dyn Dispatch> {
        Some(self)
    }

    fn home(&self) -> Option<Place> {
        self.home.clone()
    }

    fn incidents_where(&self, wanted: &mut dyn FnMut(&Sketch<'_>) -> bool) -> Vec<Incident> {
        let more = (0..self.began.load(Ordering::SeqCst)).flat_map(|at| {
            ["acme", "bron"].map(|client| {
                let happened_at = Stamp(UtcMs(0));
                let (by, text) = ("ann".to_owned(), "seen".to_owned());
                let comment = Word { id: None, by, at: "hub-1".to_owned(), happened_at, learnt_at: None, text };
                let one = incident(&format!("C{at}{client}"), client, IncidentState::Firing);
                Incident { comments: vec![comment], ..one }
            })
        });
        let ever = [incident("A", "acme", IncidentState::Firing), incident("B", "bron", IncidentState::Resolved)];
        let about = self.about.lock().expect("no test panics here").clone();
        let mut all: Vec<Incident> = ever.into_iter().chain(more).chain(about).collect();
        all.sort_by(|a, b| b.id.cmp(&a.id));
        all.retain(|one| wanted(&Sketch::of(one)));
        self.drawn.fetch_add(all.len(), Ordering::SeqCst);
        all
    }

    fn incident(&self, id: &str) -> Option<Incident> {
        self.incidents().into_iter().find(|one| one.id == id)
    }

    fn changes(&self) -> u64 {
        7 + self.began.load(Ordering::SeqCst) + self.about.lock().expect("no test panics here").len() as u64
    }

    fn decide_then(
        &self,
        id: &str,
        decision: Decision,
        by: &str,
        happened: Option<Stamp>,
    ) -> Result<Incident, Undecided> {
        self.decided.lock().expect("no test panics here").push((id.to_owned(), decision, by.to_owned()));
        self.happened.lock().expect("no test panics here").push(happened);
        self.incident(id).ok_or(Undecided::NotHere("such incident"))
    }

    fn rules_where(&self, wanted: &dyn Fn(&LabelSet) -> bool) -> Vec<RuleGroup> {
        let alert = |client: &str| RuleAlert {
            labels: Arc::new(LabelSet::new([("alertname", "Hot"), ("client", client)])),
            annotations: Arc::default(),
            firing: true,
            active_at: Stamp(UtcMs(0)),
            keep_firing_since: None,
            value: 300.5,
            doubt: None,
        };
        let rule = RuleShown {
            name: "Hot".to_owned(),
            alerting: true,
            expr: "oven > 200".to_owned(),
            for_ms: 60_000,
            keep_firing_for_ms: 0,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            alerts: [alert("acme"), alert("bron")].into_iter().filter(|alert| wanted(&alert.labels)).collect(),
            last_error: Some("many-to-many: client=\"bron\" machine=\"mairie\"".to_owned()),
            last_evaluation: Some(Stamp(UtcMs(1_000))),
            evaluation_seconds: 0.25,
        };
        let origin = RuleOrigin::default();
        vec![RuleGroup {
            name: "g".to_owned(),
            file: "f.yml".to_owned(),
            origin,
            interval_ms: 10_000,
            rules: vec![rule],
        }]
    }

    fn levels(&self, rule: &str, machine: Option<&str>) -> Option<RuleLevels> {
        let known = rule == "Hot"
            && machine.is_none_or(|machine| [id_of("m1"), id_of("compta")].iter().any(|id| id.to_string() == machine));
        known.then(|| RuleLevels { name: rule.to_owned(), ..RuleLevels::default() })
    }

    fn tune(&self, wish: &RuleWish, by: &str) -> Result<RuleLevels, Undecided> {
        self.tuned.lock().expect("no test panics here").push((wish.clone(), by.to_owned()));
        Ok(RuleLevels { name: wish.name.clone(), ..RuleLevels::default() })
    }

    fn untune(&self, wish: &RuleWish, _by: &str) -> Result<RuleLevels, Undecided> {
        self.levels(&wish.name, None).ok_or(Undecided::NotHere("word about that rule at that place"))
    }

    fn marks(&self) -> Arc<Marks> {
        Arc::clone(&self.marks.lock().expect("no test panics here"))
    }

    fn mark(&self, machines: &[(Place, NodeId, Mark)]) -> Result<(), Undecided> {
        let mut marks = self.marks.lock().expect("no test panics here");
        for (place, machine, mark) in machines {
            let before = marks.of(*machine, &place.client, &place.site).cloned().unwrap_or_default();
            for (words, has) in [(before.lacking(mark), true), (mark.lacking(&before), false)] {
                let words = words.each().map(|(kind, word)| (kind, word.clone())).collect::<Vec<_>>();
                for (kind, word) in &words {
                    Arc::make_mut(&mut marks).set((&place.client, &place.site), *machine, (*kind, word), has);
                }
            }
        }
        Ok(())
    }

    fn mutes(&self) -> Vec<Mute> {
        let text = r#"{ "client": "acme", "site": "lyon", "until_ms": 1 }"#;
        let mut all = vec![("M", serde_json::from_str(text).expect("a wish"))];
        all.extend(self.mutes_too.lock().expect("no test panics here").iter().cloned());
        let mute = |(id, wish): (&str, MuteWish)| {
            let (id, by, at) = (id.to_owned(), "hub".to_owned(), "hub-1".to_owned());
            Mute { id, wish, by, at, made_at: Stamp(UtcMs(0)), ended: None, active: false, windows: Vec::new() }
        };
        all.into_iter().map(mute).collect()
    }

    fn preview(&self, _: &MuteWish) -> Result<MutePreview, Undecided> {
        let (machines, incidents, awake, windows) = Default::default();
        Ok(MutePreview { machines, machine_count: 0, incidents, awake, windows })
    }

    fn mute(&self, wish: &MuteWish, by: &str) -> Result<Mute, Undecided> {
        self.muted.lock().expect("no test panics here").push((wish.clone(), by.to_owned()));
        Err(Undecided::Changed)
    }

    fn end_mute(&self, _: &str, _: &str) -> Result<Mute, Undecided> {
        *self.ended.lock().expect("no test panics here") += 1;
        Err(Undecided::NotHere("such maintenance"))
    }

    fn cuts(&self) -> Vec<Cut> {
        let cut = |client: &str| Cut {
            id: format!("cut of {client}"),
            client: slug(client),
            site: slug("lyon"),
            from: Stamp(UtcMs(0)),
            to: Stamp(UtcMs(60_000)),
            began: 2,
            ended: 1,
            open: 1,
            known_by: vec!["ann".to_owned()],
            incidents: vec!["A".to_owned()],
        };
        vec![cut("acme"), cut("bron")]
    }

    fn availability(&self, wish: &AvailabilityWish) -> Result<Availability, Undecided> {
        if wish.from_ms > wish.to_ms {
            return Err(Undecided::Senseless("it ends before it begins".to_owned()));
        }
        let of = |client: &str| SiteMinutes {
            client: slug(client),
            site: wish.site.clone().unwrap_or_else(|| slug("lyon")),
            minutes: Minutes::new(3, 1, 6),
            machines: vec![MachineMinutes {
                id: id_of("oven"),
                name: "oven".to_owned(),
                minutes: Minutes::new(3, 1, 6),
                lapses: Vec::new(),
                more_lapses: 0,
            }],
        };
        let seen = ["acme", "bron"].into_iter().filter(|client| wish.sees(&slug(client), &slug("lyon"), None));
        let sites = seen.map(of).collect();
        Ok(Availability { from: Stamp(UtcMs(wish.from_ms)), to: Stamp(UtcMs(wish.to_ms)), sites })
    }

    fn telling(&self) -> Telling {
        Telling { waiting: Watch::messages(), ..Telling::default() }
    }
}

impl Watch {
    /// One that did not go at its first try.
    fn messages() -> Vec<Message> {
        vec![Message {
            id: MESSAGE.to_owned(),
            key: MESSAGE.to_owned(),
            route: "all".to_owned(),
            channel: "mail".to_owned(),
            to: "ops@example.org".to_owned(),
            subject: "hot".to_owned(),
            at: Stamp(UtcMs(9)),
            tries: 1,
            said: "451 later".to_owned(),
            displayed_at: None,
        }]
    }
}

/// A message that waits.
pub(crate) const MESSAGE: &str = "000000000000000000000000000000c1";

pub(crate) fn incident(id: &str, client: &str, standing: IncidentState) -> Incident {
    Incident {
        id: id.to_owned(),
        standing,
        rule: "Hot".to_owned(),
        severity: Severity::Critical,
        summary: "hot".to_owned(),
        client: Some(slug(client)),
        site: Some(slug("lyon")),
        machine: Some("till-1".to_owned()),
        machine_id: None,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        value: Some(300.5),
        doubt: None,
        began: Some(Stamp(UtcMs(0))),
        since: Some(Stamp(UtcMs(0))),
        ended: None,
        times: 1,
        learnt_at: Stamp(UtcMs(0)),
        judge: None,
        contradicted: false,
        acknowledgements: Vec::new(),
        assignments: Vec::new(),
        snoozed_until: None,
        closings: Vec::new(),
        comments: Vec::new(),
        muted_by: Vec::new(),
        reached: Reached::Everywhere,
        past: Vec::new(),
        escalations: Vec::new(),
    }
}
