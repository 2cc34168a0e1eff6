//! What is a machine, as its own agent said?

use serde::de::DeserializeOwned;
use vigie_codec::inventory::read;
use vigie_merge::{Key, Kind, Row, Scope};
use vigie_model::inventory::Word;
use vigie_model::{NodeId, PAGE_WORD, RelayPage, UtcMs};
use vigie_serve::{Agent, Inventory, LocalPage, Stamp, Told};

use crate::fleet::Fleet;

impl Fleet {
    /// The facts of a machine, from the rows of its present place; none where they can not be read now.
    pub(crate) fn inventory_of(&self, machine: NodeId) -> Inventory {
        let rows = self.facts_of(machine);
        let agent: Option<Told<vigie_model::inventory::Agent>> = told(&rows, Word::Agent);
        Inventory {
            system: told(&rows, Word::System),
            disks: told(&rows, Word::Disks),
            nics: told(&rows, Word::Nics),
            agent: agent.map(|Told { value, observed_at, learnt_at }| {
                let value = Agent { version: value.version, began: Stamp(value.began) };
                Told { value, observed_at, learnt_at }
            }),
        }
    }

    /// Where a relay's own page is, as it said in a row of its present place.
    pub(crate) fn page_of(&self, relay: NodeId) -> Option<LocalPage> {
        let rows = self.facts_of(relay);
        let Told { value, observed_at, .. } = told_as::<RelayPage>(&rows, PAGE_WORD)?;
        let page = value.checked()?;
        Some(LocalPage { is_open: page.is_open, urls: page.urls(), name_url: page.name_url(), told_at: observed_at })
    }

    fn facts_of(&self, machine: NodeId) -> Vec<(Key, Row, UtcMs)> {
        let place = self.memory().enrolled(machine).map(|known| (known.client.clone(), known.site.clone()));
        let Some(((client, site), rows)) = place.zip(self.rows()) else { return Vec::new() };
        rows.of_machine(&Scope::Site(client, site), &Kind::Fact, machine).unwrap_or_else(|error| {
            tracing::warn!(%error, %machine, "the facts of a machine can not be read now");
            Vec::new()
        })
    }
}

fn told<T: DeserializeOwned>(rows: &[(Key, Row, UtcMs)], word: Word) -> Option<Told<T>> {
    told_as(rows, word.as_str())
}

fn told_as<T: DeserializeOwned>(rows: &[(Key, Row, UtcMs)], word: &str) -> Option<Told<T>> {
    let (_, row, learnt) = rows.iter().find(|(key, ..)| key.name().split('/').nth(1) == Some(word))?;
    let Row::Last(last) = row else { return None };
    let fact = read::<T>(last.value()?)?;
    Some(Told { value: fact.what, observed_at: Stamp(fact.at), learnt_at: Stamp(*learnt) })
}
