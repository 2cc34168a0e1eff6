//! What must a node keep so that a client's customers can be told how things are?
//!
//! A page says what may be seen from outside, and by which public names: nothing else of a client ever stands on it. It is
//! off until somebody turns it on.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_model::{NodeId, Slug};

use crate::{Stamp, Undecided};

/// What a hub implements so that clients have pages that anybody may read. Asked from blocking threads, but for `page`.
pub trait StatusPages: Send + Sync + 'static {
    /// Every page, by its address.
    fn list(&self) -> Vec<Arc<StatusPage>>;

    /// One of them, out of memory: whoever reads the page asks this.
    fn page(&self, slug: &Slug) -> Option<Arc<StatusPage>>;

    /// Makes a page or changes it, durably. Who did is told by the audit alone. Without an address it gets one that nobody guesses.
    ///
    /// # Errors
    /// When there are too many, or it can not be kept; nothing was changed then.
    fn put(&self, slug: Option<&Slug>, said: StatusPageSaid) -> Result<Arc<StatusPage>, Undecided>;

    /// Takes a page away, with what was published on it.
    ///
    /// # Errors
    /// When there is none, or it can not be kept; nothing was changed then.
    fn remove(&self, slug: &Slug) -> Result<(), Undecided>;

    /// Publishes a notice.
    ///
    /// # Errors
    /// When there is no such page or notice, it has too many, or it can not be kept; nothing was changed then.
    fn publish(&self, slug: &Slug, notice: NoticeSaid) -> Result<Arc<StatusPage>, Undecided>;

    /// Says what is new of a notice.
    ///
    /// # Errors
    /// As [`StatusPages::publish`].
    fn go_on(&self, slug: &Slug, id: &str, news: NewsSaid) -> Result<Arc<StatusPage>, Undecided>;

    /// Takes a notice away.
    ///
    /// # Errors
    /// When there is none, or it can not be kept; nothing was changed then.
    fn withdraw(&self, slug: &Slug, id: &str) -> Result<(), Undecided>;

    /// What is kept of the days of a client's machines.
    fn days(&self, client: &Slug) -> Arc<StatusDays>;
}

/// A page, as somebody says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusPageSaid {
    /// Whose: nothing of others can stand on it.
    pub client: Slug,
    /// What stands above it.
    #[schema(min_length = 1, max_length = 120)]
    pub title: String,
    /// Whether anybody may read it; else it is as if it were not there.
    #[serde(default)]
    pub on: bool,
    /// Whether search engines may list it.
    #[serde(default)]
    pub listed: bool,
    /// Whether its last 90 days are shown.
    #[serde(default = "yes")]
    pub history: bool,
    /// Whether planned work is shown: when, and of which components.
    #[serde(default = "yes")]
    pub maintenance: bool,
    /// What stands on it, in this order.
    #[schema(max_items = 30)]
    pub components: Vec<StatusComponent>,
}

/// Something that has a public name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusComponent {
    /// What it is called outside.
    #[schema(min_length = 1, max_length = 60)]
    pub name: String,
    /// What it stands on. It is never told.
    pub of: StatusMembers,
}

/// Machines of the page's client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StatusMembers {
    /// All of a site.
    Site(Slug),
    /// All of a group.
    Group(Slug),
    /// These, by their ids.
    Machines(Vec<String>),
}

/// A page, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatusPage {
    /// Its address: `/status/{slug}`.
    pub slug: Slug,
    /// What was said of it.
    pub said: StatusPageSaid,
    /// What people published on it, the latest first.
    pub notices: Vec<Notice>,
    /// When that was said.
    pub made_at: Stamp,
    /// Another number whenever anything of it changed.
    #[serde(skip)]
    pub version: u64,
}

/// What people say of something that is wrong or planned, in their own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Notice {
    /// Which.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// In which language it is written, where that is said: `en` or `fr`.
    pub language: Option<NoticeLanguage>,
    /// Of which components of the page.
    pub components: Vec<String>,
    /// The incident behind it. It is not told outside.
    pub incident: Option<String>,
    /// What was said, the oldest first.
    pub news: Vec<News>,
}

impl Notice {
    /// Where it stands.
    pub fn state(&self) -> NoticeState {
        self.news.last().map_or(NoticeState::Investigating, |news| news.state)
    }

    /// When something was last said of it.
    pub fn told_at(&self) -> Stamp {
        self.news.last().map_or(Stamp(vigie_model::UtcMs(0)), |news| news.at)
    }
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct News {
    /// When.
    pub at: Stamp,
    /// Where it stands.
    pub state: NoticeState,
    /// What.
    pub text: String,
}

/// A language in which notices are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NoticeLanguage {
    /// English.
    En,
    /// French.
    Fr,
}

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// Somebody looks for why.
    #[default]
    Investigating,
    /// It is known why.
    Identified,
    /// Something was done, and is watched.
    Watching,
    /// It will be.
    Planned,
    /// It is over.
    Over,
}

/// A notice, as somebody publishes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeSaid {
    /// What it is about.
    #[schema(min_length = 1, max_length = 120)]
    pub title: String,
    /// What is known.
    #[schema(min_length = 1, max_length = 2000)]
    pub text: String,
    /// Where it stands.
    #[serde(default)]
    pub state: NoticeState,
    /// In which language it is written.
    #[serde(default)]
    pub language: Option<NoticeLanguage>,
    /// Of which components of the page, by their names there.
    #[serde(default)]
    pub components: Vec<String>,
    /// The incident behind it, one of the page's client. It is not told outside.
    #[serde(default)]
    pub incident: Option<String>,
}

/// What is new of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewsSaid {
    /// What.
    #[schema(min_length = 1, max_length = 2000)]
    pub text: String,
    /// Where it stands; as before if left out.
    #[serde(default)]
    pub state: Option<NoticeState>,
}

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// Days that are kept and shown.
pub const STATUS_DAYS: i32 = 90;

/// The days of a client's machines: days of UTC, counted since 1970. What is not in it was not worked out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StatusDays(BTreeMap<i32, Arc<[(NodeId, DayMinutes)]>>);

/// The minutes of a machine's day: up, down, and the rest, of which nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayMinutes {
    /// It measured itself.
    pub up: u16,
    /// It did not, and a relay says that it did not answer.
    pub down: u16,
    /// Nothing says how it was.
    pub unverified: u16,
}

impl DayMinutes {
    /// How many are known.
    pub fn verified(self) -> u16 {
        self.up.saturating_add(self.down)
    }
}

impl StatusDays {
    /// Puts in a day. Of each machine of which more is known already that stays: what was measured may have been let go
    /// since, and was so all the same.
    pub fn put(&mut self, day: i32, machines: impl IntoIterator<Item = (NodeId, DayMinutes)>) {
        let mut all: BTreeMap<NodeId, DayMinutes> =
            self.0.get(&day).map(|known| known.iter().copied().collect()).unwrap_or_default();
        for (machine, minutes) in machines {
            let known = all.entry(machine).or_insert(minutes);
            if minutes.verified() >= known.verified() {
                *known = minutes;
            }
        }
        self.0.insert(day, all.into_iter().collect());
    }

    /// Forgets what is before a day.
    pub fn forget_before(&mut self, day: i32) {
        self.0 = self.0.split_off(&day);
    }

    /// A day's machines, by their ids; nothing where it was not worked out.
    pub fn day(&self, day: i32) -> Option<&[(NodeId, DayMinutes)]> {
        self.0.get(&day).map(|machines| &**machines)
    }

    /// The minutes of a machine on a day.
    pub fn of(&self, day: i32, machine: NodeId) -> Option<DayMinutes> {
        let machines = self.0.get(&day)?;
        machines.binary_search_by_key(&machine, |(id, _)| *id).ok().map(|at| machines[at].1)
    }
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_known_of_a_day_stays_known_when_its_samples_are_gone() {
        let (one, other) = (NodeId::from_bytes([1; 16]), NodeId::from_bytes([2; 16]));
        let minutes = |up, down, unverified| DayMinutes { up, down, unverified };
        let mut days = StatusDays::default();
        days.put(7, [(one, minutes(1000, 40, 400))]);
        days.put(7, [(one, minutes(0, 40, 1400)), (other, minutes(0, 0, 1440))]);
        assert_eq!(days.of(7, one), Some(minutes(1000, 40, 400)));
        days.put(7, [(one, minutes(1440, 0, 0))]);
        assert_eq!(days.of(7, one), Some(minutes(1440, 0, 0)), "what came late counts");
        assert_eq!((days.of(7, other), days.of(8, other)), (Some(minutes(0, 0, 1440)), None));
        days.forget_before(8);
        assert_eq!(days.day(7), None);
    }

    #[test]
    fn a_page_is_off_until_somebody_turns_it_on_and_a_component_stands_on_one_thing() {
        let text =
            r#"{ "client": "acme", "title": "Acme", "components": [{ "name": "Tills", "of": { "site": "lyon" } }] }"#;
        let said: StatusPageSaid = serde_json::from_str(text).expect("a page");
        assert!(!said.on && !said.listed && said.history && said.maintenance);
        for wrong in [r#"{ "site": "lyon", "group": "tills" }"#, r#"{ "client": "bron" }"#, "{}", r#""lyon""#] {
            let text = text.replace(r#"{ "site": "lyon" }"#, wrong);
            assert!(serde_json::from_str::<StatusPageSaid>(&text).is_err(), "{wrong}");
        }
    }
}
