//! What follows from rows that changed, for whoever is told?

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use vigie_alerts::Alert;
use vigie_merge::{Key, Ulid};
use vigie_model::UtcMs;
use vigie_notify::{Change, DeskError, Heard, Mark, mark};

use crate::facts::{ALERT_LABEL, Teller};
use crate::marks;
use crate::presence::Known;
use crate::register::{News, Register};
use crate::rows::RowTrouble;
use crate::watchman::{Watchman, lock};

impl Watchman {
    /// The hub was heard, at that time: it speaks while it is. The same time again is no news, and another one is, wherever
    /// clocks were set meanwhile.
    pub fn hub_heard(&self, at: UtcMs) {
        if lock(&self.hub_heard_at).replace(at) == Some(at) {
            return;
        }
        self.hub_was_heard.store(true, Ordering::Relaxed);
        lock(&self.heard).push(Heard::Hub);
        self.tell();
    }

    /// The hub has these alerts, durably, as they are here: it tells of them.
    pub(crate) fn hub_has(&self, alerts: &[(Ulid, UtcMs)]) {
        if alerts.is_empty() {
            return;
        }
        let register = lock(&self.register);
        let is_so = |(id, since): &(Ulid, UtcMs)| {
            let alert = register.book.alert(*id)?;
            (alert.about.as_ref()?.since == *since).then_some(alert)
        };
        self.with_teller(|teller| {
            let known = alerts.iter().filter_map(is_so).filter_map(|alert| teller.instance(alert));
            lock(&self.heard).extend(known.map(Heard::HubKnows));
        });
        drop(register);
        self.tell();
    }

    /// Shows the other side what was told of here and is not shown yet. The desk remembers what that is until it is durable.
    pub fn show_what_was_told(&self) {
        let unshown = self.desk.unshown();
        if unshown.is_empty() {
            return;
        }
        let (told, began): (Vec<Mark>, HashSet<UtcMs>) = unshown.into_iter().unzip();
        let mut register = lock(&self.register);
        register.marks.extend(told.iter().copied());
        let of = self.marks_of(&register, &told, &began);
        drop(register);
        let edits =
            |of: &[(Key, Vec<Mark>)]| of.iter().map(|(key, marks)| marks::write(key.clone(), marks.clone())).collect();
        let shown = match self.rows.change(edits(&of)) {
            // What concerns no alert that is here is shown by nothing.
            Ok(_) => told,
            Err(RowTrouble::Refused(_)) => self.show_each(&of),
            Err(error @ (RowTrouble::Changed | RowTrouble::Store(_))) => {
                return tracing::warn!(%error, "the other side is not shown what was told; it is tried again");
            }
        };
        if let Err(error) = self.desk.shown(&shown, (self.clock)().now()) {
            tracing::warn!(%error, "that the other side was shown what was told is not written down; it is shown again");
        }
    }

    /// What can not be written keeps nothing else from being shown.
    fn show_each(&self, of: &[(Key, Vec<Mark>)]) -> Vec<Mark> {
        let mut shown = Vec::new();
        for (key, marks) in of {
            match self.rows.change(vec![marks::write(key.clone(), marks.clone())]) {
                Ok(_) => shown.extend(marks),
                Err(RowTrouble::Refused(error)) => {
                    tracing::error!(%error, %key, "the other side can not be shown what was told: in doubt it tells it too");
                    shown.extend(marks);
                }
                Err(RowTrouble::Changed | RowTrouble::Store(_)) => {}
            }
        }
        shown
    }

    /// Which marks belong to which alert's row. Of thousands of alerts only those are looked at that began at one of these
    /// times.
    fn marks_of(&self, register: &Register, told: &[Mark], began: &HashSet<UtcMs>) -> Vec<(Key, Vec<Mark>)> {
        let (_, routes) = self.desk.routes();
        let told: HashSet<&Mark> = told.iter().collect();
        let is_meant = |alert: &&Alert| alert.about.as_ref().is_some_and(|about| began.contains(&about.since));
        self.with_teller(|teller| {
            let of = |alert: &Alert| {
                let instance = teller.instance(alert)?;
                let changes = [Change::Began, Change::Ended];
                let all = routes.iter().flat_map(|(route, _)| changes.map(|change| mark(route, instance, change)));
                let marks: Vec<Mark> = all.filter(|mark| told.contains(mark)).collect();
                Some((marks::key(alert).ok()?, marks)).filter(|(_, marks)| !marks.is_empty())
            };
            register.book.alerts().filter(is_meant).filter_map(of).collect()
        })
    }

    /// Queues what follows from rows that changed, in their order: the register is held, and no disk is waited for.
    pub(crate) fn queue(&self, register: &Register, news: &News) {
        let now = self.utc();
        let mut heard: Vec<Heard> = news.told.iter().map(|mark| Heard::ToldElsewhere(*mark)).collect();
        if news.mutes {
            heard.push(Heard::Mutes(self.all_mutes(register, now)));
        }
        let alerts = news.alerts.iter().filter_map(|id| register.book.alert(*id));
        self.with_teller(|teller| {
            alerts.for_each(|alert| heard.extend(teller.heard(alert, news.begun.contains(&alert.place.id), now)));
        });
        lock(&self.heard).append(&mut heard);
    }

    /// Has the desk hear what is queued; durable when this returns, if the disk is well. Nobody who looks at alerts waits
    /// for that.
    pub(crate) fn tell(&self) {
        let handing = lock(&self.handing);
        let heard = std::mem::take(&mut *lock(&self.heard));
        if heard.is_empty() {
            return;
        }
        match self.desk.hear(heard, (self.clock)().now()) {
            Ok(()) => {}
            Err(DeskError::NotHeard(error)) => {
                tracing::error!(%error, "not all that is wrong is followed");
                self.crowded.store(true, Ordering::Relaxed);
            }
            Err(error @ DeskError::NotWritten { .. }) => {
                tracing::warn!(%error, "what is to be told is not safe yet; it is written when the disk takes it");
            }
        }
        drop(handing);
    }

    /// Tells again of all that is open once there is room for what was not followed.
    pub fn tell_the_rest(&self) {
        if !self.is_crowded() || !self.desk.has_room() {
            return;
        }
        // Before it is told again: what is refused then says so again.
        self.crowded.store(false, Ordering::Relaxed);
        self.queue_open();
        self.tell();
    }

    /// Queues all that is open: what is known of it already changes nothing.
    pub(crate) fn queue_open(&self) {
        let register = lock(&self.register);
        let open = register.book.alerts().filter(|alert| alert.is_open()).map(|alert| alert.place.id).collect();
        self.queue(&register, &News { alerts: open, ..News::default() });
    }

    /// Whether more is wrong than is followed.
    pub(crate) fn is_crowded(&self) -> bool {
        self.crowded.load(Ordering::Relaxed)
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
        lock(&self.heard).push(Heard::Mutes(mutes));
        drop(register);
        self.tell();
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
