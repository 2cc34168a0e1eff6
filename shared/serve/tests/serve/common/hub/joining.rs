//! Who was let in by a token.

use vigie_model::{Role, UtcMs};
use vigie_serve::{Enrolment, EnrolmentState, EnrolmentWish, Enrolments, Fetched, Joined, MadeToken, Stamp, Undecided};

use crate::common::id_of;

/// One machine of acme at lyon was let in.
pub(crate) struct LetIn;

impl Enrolments for LetIn {
    fn list(&self) -> Result<Vec<Enrolment>, Undecided> {
        Ok(vec![Enrolment {
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
            joined: vec![Joined {
                id: id_of("compta"),
                name: "compta".to_owned(),
                role: Role::Agent,
                at: Stamp(UtcMs(0)),
                reachability: None,
                last_sample: None,
            }],
        }])
    }

    fn make(&self, wish: &EnrolmentWish, by: &str) -> Result<MadeToken, Undecided> {
        let EnrolmentWish { client, site, uses, .. } = wish.clone();
        let known = self.list()?.remove(0);
        let enrolment = Enrolment { client, site, uses_left: uses, by: by.to_owned(), joined: Vec::new(), ..known };
        Ok(MadeToken { enrolment, token: "vg1.abcd".to_owned(), relays: vec!["192.0.2.10:7801".to_owned()] })
    }

    fn revoke(&self, _: &str) -> Result<(), Undecided> {
        Ok(())
    }

    fn fetched(&self, _: &str, _: String) {}
}
