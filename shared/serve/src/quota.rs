//! What must a node know so that it can be said how much a client may have?

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_model::Slug;

use crate::{Stamp, Undecided};

/// What a hub implements so that it is said how much a client may have, and counted how much it has. Asked from blocking
/// threads.
pub trait Quotas: Send + Sync + 'static {
    /// What a client may have, and has.
    fn quota(&self, client: &Slug) -> ClientQuota;

    /// Of each of these clients.
    fn quotas(&self, clients: &[Slug]) -> Vec<ClientQuota> {
        clients.iter().map(|client| self.quota(client)).collect()
    }

    /// The clients of whom something is said.
    fn clients(&self) -> Vec<Slug>;

    /// Says it of a client, durably, in a person's name.
    ///
    /// # Errors
    /// When it can not be kept; nothing was changed then.
    fn set(&self, client: &Slug, most: QuotaMost, by: &str) -> Result<ClientQuota, Undecided>;

    /// Says nothing of a client any more: it may have as much as it has.
    ///
    /// # Errors
    /// When nothing is said, or it can not be kept; nothing was changed then.
    fn unset(&self, client: &Slug) -> Result<ClientQuota, Undecided>;
}

/// The most that a client may have; what is left out is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QuotaMost {
    /// Machines that are enrolled. One more is not let in.
    #[schema(maximum = 9007199254740991_u64)]
    pub machines: Option<u64>,
    /// People who may something of this client, and open invitations. One more is not invited.
    #[schema(maximum = 9007199254740991_u64)]
    pub users: Option<u64>,
    /// Series. More are taken in, and it is told.
    #[schema(maximum = 9007199254740991_u64)]
    pub series: Option<u64>,
    /// Samples taken in each second. More are taken in, and it is told.
    #[schema(maximum = 9007199254740991_u64)]
    pub samples_per_second: Option<u64>,
    /// Bytes on the hub's disk. More are kept, and it is told.
    #[schema(maximum = 9007199254740991_u64)]
    pub storage_bytes: Option<u64>,
}

/// What a quota is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuotaOf {
    /// Machines.
    Machines,
    /// People.
    Users,
    /// Series.
    Series,
    /// Samples a second.
    SamplesPerSecond,
    /// Bytes on disk.
    StorageBytes,
}

/// How much of a quota is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuotaState {
    /// Nothing is said of it.
    Free,
    /// Less than four fifths, or not known yet.
    Well,
    /// Four fifths or more.
    Near,
    /// All of it, or more.
    Used,
}

/// How much a client has of one thing.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QuotaUse {
    /// Of what.
    pub of: QuotaOf,
    /// How much it has; null while that is not counted yet.
    pub used: Option<u64>,
    /// The most that it may have; null where that is not limited.
    pub most: Option<u64>,
    /// How that stands.
    pub state: QuotaState,
}

/// How much a client may have, and has.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ClientQuota {
    /// Whose.
    pub client: Slug,
    /// What was said of it; null where nothing was.
    pub said: Option<QuotaMost>,
    /// Each thing.
    pub uses: Vec<QuotaUse>,
    /// When series, samples and bytes were counted; null while they are not.
    pub counted_at: Option<Stamp>,
    /// Who said it.
    pub by: Option<String>,
    /// When.
    pub made_at: Option<Stamp>,
}

impl QuotaOf {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Machines, Self::Users, Self::Series, Self::SamplesPerSecond, Self::StorageBytes];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Machines => "machines",
            Self::Users => "users",
            Self::Series => "series",
            Self::SamplesPerSecond => "samples_per_second",
            Self::StorageBytes => "storage_bytes",
        }
    }
}

impl QuotaMost {
    /// The most of one thing.
    pub fn of(&self, what: QuotaOf) -> Option<u64> {
        match what {
            QuotaOf::Machines => self.machines,
            QuotaOf::Users => self.users,
            QuotaOf::Series => self.series,
            QuotaOf::SamplesPerSecond => self.samples_per_second,
            QuotaOf::StorageBytes => self.storage_bytes,
        }
    }

    /// Whether it limits nothing.
    pub fn is_empty(&self) -> bool {
        QuotaOf::ALL.into_iter().all(|what| self.of(what).is_none())
    }
}

impl QuotaUse {
    /// How much of something is used, as far as it is known.
    pub fn new(of: QuotaOf, used: Option<u64>, most: Option<u64>) -> Self {
        let state = match (used, most) {
            (_, None) => QuotaState::Free,
            (None, Some(_)) => QuotaState::Well,
            (Some(used), Some(most)) if used >= most => QuotaState::Used,
            (Some(used), Some(most)) if used.saturating_mul(5) >= most.saturating_mul(4) => QuotaState::Near,
            (Some(_), Some(_)) => QuotaState::Well,
        };
        Self { of, used, most, state }
    }

    /// What share of it is used; of nothing all of it is.
    pub fn ratio(&self) -> Option<f64> {
        let (used, most) = (self.used?, self.most?);
        Some(if most == 0 { 1.0 } else { used as f64 / most as f64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_fifths_are_near_and_what_is_not_counted_is_not_called_used() {
        let state = |used, most| QuotaUse::new(QuotaOf::Machines, used, most).state;
        assert_eq!(state(Some(79), Some(100)), QuotaState::Well);
        assert_eq!(state(Some(80), Some(100)), QuotaState::Near);
        assert_eq!(state(Some(100), Some(100)), QuotaState::Used);
        assert_eq!(state(Some(0), Some(0)), QuotaState::Used, "who may have none has all of it");
        assert_eq!(state(None, Some(1)), QuotaState::Well);
        assert_eq!(state(Some(u64::MAX), None), QuotaState::Free);
        assert_eq!(QuotaUse::new(QuotaOf::Users, Some(0), Some(0)).ratio(), Some(1.0));
    }
}
