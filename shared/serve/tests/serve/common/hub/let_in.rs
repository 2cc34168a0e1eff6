//! Somebody who was let in at acme's lyon, and nobody anywhere else.

use vigie_model::{Slug, UtcMs};
use vigie_serve::{LetInAt, LetInMay, LetInNow, LetInRefused, LetInState, LetInWish, LetsIn, Place, Stamp};

/// Marc Petit, for a minute that is over.
pub(crate) struct Marc;

impl LetsIn for Marc {
    fn at(&self, client: &Slug, site: &Slug) -> Result<Vec<LetInAt>, String> {
        let marc = LetInAt {
            name: "Marc <b>Petit</b>".to_owned(),
            may: LetInMay::Decide,
            from: Stamp(UtcMs(0)),
            until: Stamp(UtcMs(60_000)),
            state: LetInState::Expired,
        };
        Ok(Some(marc).filter(|_| (client.as_str(), site.as_str()) == ("acme", "lyon")).into_iter().collect())
    }

    fn let_in(&self, place: &Place, wish: &LetInWish) -> Result<LetInNow, LetInRefused> {
        if wish.name == "Marc" {
            return Err(LetInRefused::Already(format!("Marc has access to {place} already; nothing was changed")));
        }
        let until = Stamp(UtcMs(i64::from(wish.days) * 86_400_000));
        let (name, may, from, state) = (wish.name.clone(), wish.may, Stamp(UtcMs(0)), LetInState::Valid);
        Ok(LetInNow { person: LetInAt { name, may, from, until, state }, passphrase: "abcd-efgh".to_owned() })
    }

    fn take_back(&self, place: &Place, name: &str) -> Result<LetInAt, LetInRefused> {
        let all = self.at(&place.client, &place.site).map_err(LetInRefused::NotKept)?;
        let found = all.into_iter().find(|one| one.name == name);
        found.ok_or_else(|| LetInRefused::NotThere(format!("{name} has no access there; nothing was changed")))
    }
}
