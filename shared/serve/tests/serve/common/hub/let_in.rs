//! Somebody who was let in at acme's lyon, and nobody anywhere else.

use vigie_model::{Slug, UtcMs};
use vigie_serve::{LetInAt, LetInMay, LetInState, LetsIn, Stamp};

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
}
