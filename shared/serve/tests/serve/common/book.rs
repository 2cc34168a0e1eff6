//! The register of a watchman in a vector: what is wrong, what mutes, and what people decided.

use std::sync::Mutex;

use vigie_model::{NodeId, UtcMs};
use vigie_serve::{
    Availability, AvailabilityWish, Cut, Decision, Incident, Incidents, LabelSet, Mark, Mute, MuteKind, MutePreview,
    MuteWish, Place, RuleGroup, RuleLevels, RuleWish, Sketch, Stamp, Telling, Undecided,
};

use super::site::at;
use super::{NOW_MS, slug};

/// The register of a watchman, in a vector.
pub(crate) struct Book {
    pub(crate) incidents: Mutex<Vec<Incident>>,
    /// What was decided, as it came.
    pub(crate) decided: Mutex<Vec<(String, Decision, String)>>,
    /// What was muted, as it came, and the ids of what was ended.
    pub(crate) muted: Mutex<Vec<(MuteWish, String)>>,
    pub(crate) ended: Mutex<Vec<(String, String)>>,
    /// What happened while the site was cut off.
    pub(crate) cuts: Vec<Cut>,
    /// Why nothing is decided, if so.
    pub(crate) refuses: Option<Undecided>,
}

impl Book {
    pub(crate) fn of(incidents: Vec<Incident>) -> Self {
        let incidents = Mutex::new(incidents);
        let (decided, muted, ended) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { incidents, decided, muted, ended, cuts: Vec::new(), refuses: None }
    }
}

impl Incidents for Book {
    fn home(&self) -> Option<Place> {
        Some(Place { client: slug("acme"), site: slug("lyon") })
    }

    fn incidents_where(&self, wanted: &mut dyn FnMut(&Sketch<'_>) -> bool) -> Vec<Incident> {
        let mut incidents = self.incidents.lock().expect("a list").clone();
        incidents.retain(|one| wanted(&Sketch::of(one)));
        incidents
    }

    fn incident(&self, id: &str) -> Option<Incident> {
        self.incidents().into_iter().find(|incident| incident.id == id)
    }

    fn changes(&self) -> u64 {
        0
    }

    fn decide_then(&self, id: &str, decision: Decision, by: &str, _: Option<Stamp>) -> Result<Incident, Undecided> {
        if let Some(why) = &self.refuses {
            return Err(why.clone());
        }
        self.decided.lock().expect("a list").push((id.to_owned(), decision, by.to_owned()));
        self.incident(id).ok_or(Undecided::NotHere("such incident"))
    }

    fn rules_where(&self, _: &dyn Fn(&LabelSet) -> bool) -> Vec<RuleGroup> {
        Vec::new()
    }

    fn levels(&self, _rule: &str, _machine: Option<&str>) -> Option<RuleLevels> {
        None
    }

    fn tune(&self, _wish: &RuleWish, _by: &str) -> Result<RuleLevels, Undecided> {
        Err(Undecided::Senseless("pages change no rules".to_owned()))
    }

    fn untune(&self, _wish: &RuleWish, _by: &str) -> Result<RuleLevels, Undecided> {
        Err(Undecided::Senseless("pages change no rules".to_owned()))
    }

    fn mark(&self, _: &[(Place, NodeId, Mark)]) -> Result<(), Undecided> {
        Err(Undecided::Senseless("pages tag no machines".to_owned()))
    }

    fn mutes(&self) -> Vec<Mute> {
        let wish = MuteWish {
            kind: MuteKind::Maintenance,
            client: Some(slug("acme")),
            site: Some(slug("lyon")),
            labels: [("machine".to_owned(), "sauvegarde".to_owned())].into(),
            from_ms: None,
            until_ms: NOW_MS + 7_200_000,
            every: None,
            why: "new disks".to_owned(),
        };
        let mute = Mute {
            id: "01JD0000000000000000000900".to_owned(),
            wish,
            by: "Sophie Bernard".to_owned(),
            at: "hub".to_owned(),
            made_at: at(-40_000),
            ended: None,
            active: true,
            windows: vec![(at(-3_600), at(7_200))],
        };
        vec![mute]
    }

    fn preview(&self, wish: &MuteWish) -> Result<MutePreview, Undecided> {
        let named = wish.labels.get("machine").cloned();
        let machines = named.map_or_else(|| (0..30).map(|n| format!("<b>caisse-{n}</b>")).collect(), |name| vec![name]);
        let incidents = vec![("A".to_owned(), "Disk C: of compta-2 is full".to_owned())];
        Ok(MutePreview {
            machine_count: machines.len(),
            machines,
            incidents,
            awake: vec!["SiteOnFire".to_owned()],
            windows: Vec::new(),
        })
    }

    fn mute(&self, wish: &MuteWish, by: &str) -> Result<Mute, Undecided> {
        if let Some(why) = &self.refuses {
            return Err(why.clone());
        }
        self.muted.lock().expect("a list").push((wish.clone(), by.to_owned()));
        Ok(self.mutes().remove(0))
    }

    fn end_mute(&self, id: &str, by: &str) -> Result<Mute, Undecided> {
        self.ended.lock().expect("a list").push((id.to_owned(), by.to_owned()));
        Ok(self.mutes().remove(0))
    }

    fn cuts(&self) -> Vec<Cut> {
        self.cuts.clone()
    }

    fn availability(&self, wish: &AvailabilityWish) -> Result<Availability, Undecided> {
        Ok(Availability { from: Stamp(UtcMs(wish.from_ms)), to: Stamp(UtcMs(wish.to_ms)), sites: Vec::new() })
    }

    fn telling(&self) -> Telling {
        Telling::default()
    }
}
