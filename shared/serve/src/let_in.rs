//! Who may come in at a site's own page while the line is cut?

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_model::Slug;

use crate::{Place, Stamp};

/// What a hub implements so that people are let in at its sites, and it is seen who was. Asked from blocking threads.
pub trait LetsIn: Send + Sync + 'static {
    /// All whom it ever let in at a site and did not forget, by name.
    ///
    /// # Errors
    /// When they can not be read now, and why.
    fn at(&self, client: &Slug, site: &Slug) -> Result<Vec<LetInAt>, String>;

    /// Lets a person in at a site.
    ///
    /// # Errors
    /// When it makes no sense, or can not be kept; nothing was changed then.
    fn let_in(&self, place: &Place, wish: &LetInWish) -> Result<LetInNow, LetInRefused>;

    /// Takes it back: at the site as soon as its relay hears of it.
    ///
    /// # Errors
    /// When nobody of that name is let in there, or it can not be kept; nothing was changed then.
    fn take_back(&self, place: &Place, name: &str) -> Result<LetInAt, LetInRefused>;
}

/// Whom to let in at a site.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LetInWish {
    /// Who, as they will type it.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// For how many days.
    #[serde(default = "usual_days")]
    #[schema(minimum = 1, maximum = 366)]
    pub days: u32,
    /// What they may.
    #[serde(default = "usual_may")]
    pub may: LetInMay,
}

fn usual_days() -> u32 {
    30
}

fn usual_may() -> LetInMay {
    LetInMay::Decide
}

/// Who was let in, and what they type there. It is kept nowhere, and shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LetInNow {
    /// Who, and until when.
    pub person: LetInAt,
    /// What they type there after their name.
    pub passphrase: String,
}

/// Why nobody was let in, or nothing taken back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LetInRefused {
    /// It makes no sense.
    #[error("{0}")]
    Senseless(String),
    /// They are let in there already.
    #[error("{0}")]
    Already(String),
    /// There is no such site, or nobody of that name is let in there.
    #[error("{0}")]
    NotThere(String),
    /// It can not be kept now.
    #[error("{0}")]
    NotKept(String),
}

/// A person who may sign in at a site's own page, or might.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LetInAt {
    /// Who, as they type it.
    pub name: String,
    /// What they may.
    pub may: LetInMay,
    /// Since when.
    pub from: Stamp,
    /// Until when, unless it was taken back before.
    pub until: Stamp,
    /// How it stands.
    pub state: LetInState,
}

/// What a person may at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LetInMay {
    /// See what is there.
    Look,
    /// Decide of alerts, too.
    Decide,
}

/// How a person's access stands. A relay that is cut off knows of one that was taken back once its line is back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LetInState {
    /// It opens.
    Valid,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}
