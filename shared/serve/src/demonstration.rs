//! What must a hub know so that people see a cut before they live one?

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_model::{DEMONSTRATION, Slug};

use crate::{Stamp, Undecided};

/// What a hub implements so that a demonstration can be begun and removed. Asked from blocking threads.
pub trait Demonstrating: Send + Sync + 'static {
    /// How it stands now.
    ///
    /// # Errors
    /// When it can not be read now.
    fn demonstration(&self) -> Result<Demonstration, Undecided>;

    /// Begins one, in a person's name; one that is there goes on as it is. It is decided when this returns, and goes on through
    /// restarts until it is removed or its time is over.
    ///
    /// # Errors
    /// When it can not be begun; nothing was changed then.
    fn begin(&self, by: &str) -> Result<Demonstration, Undecided>;

    /// Removes it with all that came of it, in a person's name. It is decided when this returns.
    ///
    /// # Errors
    /// When there is none, or it can not be removed now: then it stands as removed and that is gone on with.
    fn remove(&self, by: &str) -> Result<Demonstration, Undecided>;
}

/// How a demonstration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DemonstrationState {
    /// There is none.
    None,
    /// Its machines join, or take up what they left.
    Starting,
    /// It is played.
    Playing,
    /// It could not begin; `why` says why. It is tried again every minute.
    Failed,
    /// It is being removed, and with it all that came of it.
    Removing,
}

/// A line that is cut now and then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DemonstrationLine {
    /// Whose.
    pub site: Slug,
    /// Whether it is cut now.
    pub cut: bool,
    /// When that changes.
    pub changes_at: Stamp,
}

/// Sites and machines that nobody has, so that people see what a cut looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Demonstration {
    /// How it stands.
    pub state: DemonstrationState,
    /// The client that it is shown as; no other is ever called so.
    pub client: String,
    /// How many machines it has, or would have.
    pub machines: u64,
    /// Who began it.
    pub by: Option<String>,
    /// When.
    pub began: Option<Stamp>,
    /// When it goes by itself.
    pub ends_at: Option<Stamp>,
    /// The line that is cut now and then, while it is played.
    pub line: Option<DemonstrationLine>,
    /// Why it could not begin.
    pub why: Option<String>,
    /// The receipt of its erasure, once it is being removed: see `/erasures/{id}`.
    pub erasure: Option<String>,
}

impl Demonstration {
    /// That there is none; one would have so many machines.
    pub fn none(machines: u64) -> Self {
        Self {
            state: DemonstrationState::None,
            client: DEMONSTRATION.to_owned(),
            machines,
            by: None,
            began: None,
            ends_at: None,
            line: None,
            why: None,
            erasure: None,
        }
    }
}
