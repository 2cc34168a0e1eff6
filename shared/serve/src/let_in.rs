//! Who may come in at a site's own page while the line is cut?

use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::Slug;

use crate::Stamp;

/// What a hub implements so that it is seen whom it let in where. Asked from blocking threads.
pub trait LetsIn: Send + Sync + 'static {
    /// All whom it ever let in at a site and did not forget, by name.
    ///
    /// # Errors
    /// When they can not be read now, and why.
    fn at(&self, client: &Slug, site: &Slug) -> Result<Vec<LetInAt>, String>;
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
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
