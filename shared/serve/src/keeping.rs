//! What must a node know so that it can be said for how long a client's data is kept?

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_model::Slug;

use crate::{Stamp, Undecided};

/// What a hub implements so that it is said client by client how long samples, minutes and hours are kept. Asked from
/// blocking threads.
pub trait KeepingTerms: Send + Sync + 'static {
    /// What holds for a client; for nobody in particular without one.
    fn terms(&self, client: Option<&Slug>) -> ClientTerms;

    /// The clients of whom something is said here or in the hub's file.
    fn clients(&self) -> Vec<Slug>;

    /// Says it of a client, durably, in a person's name. What it says counts before the hub's file.
    ///
    /// # Errors
    /// When it contradicts itself, or can not be kept; nothing was changed then.
    fn set(&self, client: &Slug, days: KeepDays, by: &str) -> Result<ClientTerms, Undecided>;

    /// Says nothing of a client any more: the hub's file holds.
    ///
    /// # Errors
    /// When nothing is said, or it can not be kept; nothing was changed then.
    fn unset(&self, client: &Slug) -> Result<ClientTerms, Undecided>;
}

/// Days that something is kept, as it is said: 0 is for ever, and what is left out is as in the hub's file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeepDays {
    /// Samples as they were measured.
    #[schema(maximum = 36500)]
    pub raw_days: Option<u32>,
    /// What minutes came down to.
    #[schema(maximum = 36500)]
    pub minute_days: Option<u32>,
    /// What hours came down to.
    #[schema(maximum = 36500)]
    pub hour_days: Option<u32>,
}

/// For how long a client's data is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClientTerms {
    /// Whose; of whom nothing else is said where it is null.
    pub client: Option<Slug>,
    /// What holds: days, and 0 for ever.
    pub keeps: KeepDays,
    /// What was said of this client over the API; null where nothing was.
    pub said: Option<KeepDays>,
    /// Who said that.
    pub by: Option<String>,
    /// When.
    pub made_at: Option<Stamp>,
}
