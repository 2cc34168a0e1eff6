//! What is agreed with clients: how long their data is kept, how much they may have, and that one of them is gone.

use vigie_model::{Slug, UtcMs};
use vigie_serve::{
    ClientQuota, ClientTerms, Demonstrating, Demonstration, DemonstrationState, Erasure, ErasureState, Erasures,
    Holdings, KeepDays, KeepingTerms, QuotaMost, QuotaOf, QuotaUse, Quotas, Stamp, Undecided,
};

/// Everybody's data is kept for a month.
pub(crate) struct Kept;

impl KeepingTerms for Kept {
    fn terms(&self, client: Option<&Slug>) -> ClientTerms {
        let keeps = KeepDays { raw_days: Some(30), minute_days: Some(0), hour_days: Some(0) };
        ClientTerms { client: client.cloned(), keeps, said: None, by: None, made_at: None }
    }

    fn clients(&self) -> Vec<Slug> {
        vec!["acme".parse().expect("a name")]
    }

    fn set(&self, client: &Slug, _: KeepDays, _: &str) -> Result<ClientTerms, Undecided> {
        Ok(self.terms(Some(client)))
    }

    fn unset(&self, client: &Slug) -> Result<ClientTerms, Undecided> {
        Ok(self.terms(Some(client)))
    }
}

/// Everybody may have a hundred machines, and has eighty.
pub(crate) struct Agreed;

impl Quotas for Agreed {
    fn quota(&self, client: &Slug) -> ClientQuota {
        let most = QuotaMost { machines: Some(100), ..QuotaMost::default() };
        let uses = vec![QuotaUse::new(QuotaOf::Machines, Some(80), most.machines)];
        ClientQuota { client: client.clone(), said: Some(most), uses, counted_at: None, by: None, made_at: None }
    }

    fn clients(&self) -> Vec<Slug> {
        vec!["acme".parse().expect("a name")]
    }

    fn set(&self, client: &Slug, _: QuotaMost, _: &str) -> Result<ClientQuota, Undecided> {
        Ok(self.quota(client))
    }

    fn unset(&self, client: &Slug) -> Result<ClientQuota, Undecided> {
        Ok(self.quota(client))
    }
}

/// Of acme there is a machine; a client of another name went before.
pub(crate) struct Erased;

impl Erased {
    fn receipt(id: &str, client: &str, by: &str) -> Erasure {
        let salt = "00".repeat(16);
        let mark = Erasure::mark_of(&salt, &client.parse().expect("a name"));
        let asked_at = Stamp(UtcMs(0));
        Erasure {
            id: id.to_owned(),
            pseudonym: format!("erased-client-{id}"),
            state: ErasureState::Begun,
            by: by.to_owned(),
            asked_at,
            finished_at: None,
            salt,
            mark,
            had: Holdings { machines: 1, ..Holdings::default() },
            left: None,
            nodes: 0,
            chain: None,
            audit: None,
            rewritten: false,
            not_reached: Vec::new(),
        }
    }
}

impl Erasures for Erased {
    fn holdings(&self, client: &Slug) -> Result<Holdings, Undecided> {
        let machines = u64::from(client.as_str() == "acme");
        Ok(Holdings { machines, ..Holdings::default() })
    }

    fn erase(&self, client: &Slug, by: &str) -> Result<Erasure, Undecided> {
        Ok(Self::receipt("00000000000000cc", client.as_str(), by))
    }

    fn list(&self) -> Result<Vec<Erasure>, Undecided> {
        Ok(vec![Self::receipt("00000000000000dd", "gone", "root@example.org")])
    }
}

/// A demonstration that is begun and removed whenever that is asked for.
pub(crate) struct Played;

impl Demonstrating for Played {
    fn demonstration(&self) -> Result<Demonstration, Undecided> {
        Ok(Demonstration::none(12))
    }

    fn begin(&self, by: &str) -> Result<Demonstration, Undecided> {
        let (state, by) = (DemonstrationState::Starting, Some(by.to_owned()));
        Ok(Demonstration { state, by, began: Some(Stamp(UtcMs(0))), ..Demonstration::none(12) })
    }

    fn remove(&self, _by: &str) -> Result<Demonstration, Undecided> {
        let erasure = Some("00000000000000dd".to_owned());
        Ok(Demonstration { state: DemonstrationState::Removing, erasure, ..Demonstration::none(12) })
    }
}
