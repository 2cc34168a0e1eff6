//! What follows from rows that changed, for whoever is told?

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use vigie_merge::Ulid;
use vigie_model::UtcMs;
use vigie_notify::{Change, Heard, Mark, mark};

use crate::facts::{ALERT_LABEL, Teller};
use crate::marks;
use crate::presence::Known;
use crate::register::{News, Register};
use crate::watchman::{Watchman, lock};

impl Watchman {
    /// The hub was heard, at that time: it speaks while it is.
    pub fn hub_heard(&self, at: UtcMs) {
        self.hub_was_heard.store(true, Ordering::Relaxed);
        self.hear(vec![Heard::Hub(at)]);
    }

    /// The hub has these alerts, durably, as they are here: it tells of them.
    pub(crate) fn hub_has(&self, register: &Register, alerts: &[Ulid]) {
        let alerts = alerts.iter().filter_map(|id| register.book.alert(*id));
        let known = self.with_teller(|teller| {
            alerts.filter_map(|alert| teller.instance(alert)).map(Heard::HubKnows).collect::<Vec<_>>()
        });
        self.hear(known);
    }

    /// What was told of here, to be shown to the other side.
    pub fn told(&self, told: &[Mark]) {
        let mut register = lock(&self.register);
        register.marks.extend(told.iter().copied());
        let told: HashSet<&Mark> = told.iter().collect();
        let mut edits = Vec::new();
        self.with_teller(|teller| {
            for alert in register.book.alerts() {
                let Some(instance) = teller.instance(alert) else { continue };
                let changes = [Change::Began, Change::Ended];
                let all = self.routes.iter().flat_map(|route| changes.map(|change| mark(route, instance, change)));
                let marks: Vec<Mark> = all.filter(|mark| told.contains(mark)).collect();
                if !marks.is_empty() {
                    edits.extend(marks::write(alert, marks).ok());
                }
            }
        });
        drop(register);
        if !edits.is_empty()
            && let Err(error) = self.rows.change(edits)
        {
            tracing::warn!(%error, "the other side is not shown what was told: in doubt it tells it too");
        }
    }

    /// Tells what follows from rows that changed.
    pub(crate) fn tell(&self, register: &Register, news: &News) {
        let now = self.utc();
        let mut heard: Vec<Heard> = news.told.iter().map(|mark| Heard::ToldElsewhere(*mark)).collect();
        if news.mutes {
            heard.push(Heard::Mutes(self.all_mutes(register, now)));
        }
        let alerts = news.alerts.iter().filter_map(|id| register.book.alert(*id));
        self.with_teller(|teller| alerts.for_each(|alert| heard.extend(teller.heard(alert, now))));
        self.hear(heard);
    }

    /// Maintenance, silences, and what is snoozed.
    fn all_mutes(&self, register: &Register, now: UtcMs) -> Vec<vigie_notify::Mute> {
        let mut mutes = register.mutes.tell(now);
        for alert in register.book.alerts().filter(|alert| alert.is_open()) {
            if let Some(until) = alert.snoozed_until().filter(|until| *until > now) {
                let labels = [(ALERT_LABEL.to_owned(), alert.place.id.to_string())].into();
                mutes.push(vigie_notify::Mute { labels, from: None, until: Some(until), spares_awake: false });
            }
        }
        mutes
    }

    /// Says again what mutes: the times of what recurs are told a week ahead.
    pub fn tell_mutes(&self) {
        let register = lock(&self.register);
        let mutes = self.all_mutes(&register, self.utc());
        self.hear(vec![Heard::Mutes(mutes)]);
    }

    fn hear(&self, heard: Vec<Heard>) {
        if heard.is_empty() {
            return;
        }
        if let Err(error) = self.desk.hear(heard, self.utc()) {
            tracing::warn!(%error, "what is to be told is not safe yet");
        }
    }

    pub(crate) fn with_teller<T>(&self, work: impl FnOnce(&Teller<'_>) -> T) -> T {
        let presence = lock(&self.presence);
        let known = |id: &str| -> Option<Known> { presence.known(id) };
        let known_site = |client: &str, site: &str| presence.site(client, site);
        let exposed = |client: &str, site: &str| {
            let here = presence.machines().filter(|one| one.client.as_str() == client && one.site.as_str() == site);
            here.map(|one| one.name.clone()).take(vigie_notify::MAX_LINES).collect::<Vec<_>>()
        };
        work(&Teller {
            node: self.node,
            role: self.role,
            url: self.watching.url.as_deref(),
            french: self.watching.french,
            known: &known,
            known_site: &known_site,
            exposed: &exposed,
        })
    }
}
