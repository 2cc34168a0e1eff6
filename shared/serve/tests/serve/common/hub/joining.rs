//! Who was let in by a token.

use vigie_model::{Role, UtcMs};
use vigie_serve::{Enrolment, EnrolmentState, EnrolmentWish, Enrolments, Fetched, Joined, MadeToken, Stamp, Undecided};

use crate::common::id_of;

/// One machine of acme at lyon was let in; by two other tokens nobody comes in any more.
pub(crate) struct LetIn;

impl Enrolments for LetIn {
    fn list(&self, _: usize) -> Result<Vec<Enrolment>, Undecided> {
        let valid = Enrolment {
            id: "00000000000000bb".to_owned(),
            client: "acme".parse().expect("a name"),
            site: "lyon".parse().expect("a name"),
            roles: vec![Role::Agent],
            state: EnrolmentState::Valid,
            uses_left: 2,
            by: "ann@acme.org".to_owned(),
            made_at: Stamp(UtcMs(0)),
            expires_at: Stamp(UtcMs(1 << 41)),
            fetched: Some(Fetched { at: Stamp(UtcMs(0)), from: "192.0.2.7".to_owned() }),
            refused: None,
            joined_count: 1,
            joined: vec![Joined {
                id: id_of("compta"),
                name: "compta".to_owned(),
                role: Role::Agent,
                at: Stamp(UtcMs(0)),
                reachability: None,
                last_sample: None,
            }],
        };
        let over = |id: &str, site: &str, state, made_ms| Enrolment {
            id: id.to_owned(),
            site: site.parse().expect("a name"),
            state,
            // Made on the hub's command line.
            by: String::new(),
            made_at: Stamp(UtcMs(made_ms)),
            joined_count: 0,
            joined: Vec::new(),
            ..valid.clone()
        };
        let used = over("00000000000000b1", "paris", EnrolmentState::UsedUp, 1_000);
        let expired = over("00000000000000b2", "lyon", EnrolmentState::Expired, 0);
        Ok(vec![valid, used, expired])
    }

    fn one(&self, id: &str) -> Result<Option<Enrolment>, Undecided> {
        Ok(self.list(usize::MAX)?.into_iter().find(|one| one.id == id))
    }

    fn make(&self, wish: &EnrolmentWish, by: &str) -> Result<MadeToken, Undecided> {
        let EnrolmentWish { client, site, roles, uses, .. } = wish.clone();
        let known = self.list(0)?.remove(0);
        let enrolment = Enrolment {
            client,
            site,
            roles,
            uses_left: uses,
            by: by.to_owned(),
            joined_count: 0,
            joined: Vec::new(),
            ..known
        };
        Ok(MadeToken { enrolment, token: "vg1.abcd".to_owned(), relays: vec!["192.0.2.10:7801".to_owned()] })
    }

    fn revoke(&self, _: &str) -> Result<(), Undecided> {
        Ok(())
    }

    fn fetched(&self, _: &str, _: String) {}
}
