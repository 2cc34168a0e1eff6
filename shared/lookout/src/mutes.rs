//! When is nobody to be told? Maintenance and silences, as rows that people write at hub or relay.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vigie_alerts::{EditError, Said, cut_to};
use vigie_merge::{Context, Key, KeyError, Kind, Many, Row, Scope, Ulid};
use vigie_model::{Slug, UtcMs};
use vigie_notify::config::hours;
use vigie_serve::{Mute, MuteKind, MuteWish, Recurring, Stamp, Undecided};

use crate::rows::RowEdit;

/// Version of the value's shape.
const VERSION: u8 = 1;

/// Labels of one mute.
const MAX_LABELS: usize = 16;

/// Bytes of one label, its name or value.
const LABEL_BYTES: usize = 128;

/// Bytes of the reason.
const WHY_BYTES: usize = 500;

/// The longest: what is muted for longer is switched off, and that is done with the rule.
const LONGEST_MS: i64 = 366 * 86_400_000;

/// Times that are shown of one.
const SHOWN: usize = 5;

/// How long an ended one is still shown: a week.
pub(crate) const SHOWN_AFTER_MS: i64 = 7 * 86_400_000;

/// All mutes whose rows are here.
#[derive(Debug, Default)]
pub(crate) struct Mutes {
    all: BTreeMap<Ulid, Held>,
}

/// Those that mute at one moment, by the client whose alerts they mute; by no name those that ask for none.
#[derive(Debug, Default)]
pub(crate) struct Active<'m> {
    of_client: BTreeMap<&'m str, Vec<(Ulid, &'m Held)>>,
}

impl Active<'_> {
    /// Those that mute an alert of these labels, by their ids in order.
    pub(crate) fn covering(&self, label: impl Fn(&str) -> String) -> Vec<String> {
        let client = label("client");
        let own = self.of_client.get(client.as_str()).filter(|_| !client.is_empty());
        let some = [own, self.of_client.get("")].into_iter().flatten().flatten();
        let mut some: Vec<&(Ulid, &Held)> = some.filter(|(_, held)| held.covers(&label)).collect();
        some.sort_unstable_by_key(|(id, _)| *id);
        some.into_iter().map(|(id, _)| id.to_string()).collect()
    }
}

#[derive(Debug, Clone)]
struct Held {
    key: Key,
    /// What it asks of alerts, its place among that.
    labels: BTreeMap<String, String>,
    seen: Context,
    /// Of several versions, written by people who did not know of one another, the one that mutes least.
    row: Said<MuteRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct MuteRow {
    pub(crate) silence: bool,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) from: UtcMs,
    pub(crate) until: UtcMs,
    /// Zone, days, from, to.
    pub(crate) every: Option<(String, Vec<String>, String, String)>,
    pub(crate) why: String,
    pub(crate) ended: Option<(String, UtcMs)>,
}

impl Mutes {
    /// Takes in a row as it now stands; says whether it is one of ours.
    pub(crate) fn take(&mut self, key: &Key, row: &Row) -> bool {
        let Some(id) = Ulid::read(key.name()).filter(|_| key.kind() == Kind::Maintenance) else { return false };
        let Row::Many(many) = row else { return true };
        let versions = many.values().into_iter().filter_map(|(_, value)| read(&value?));
        // A conflict never makes anything quieter: one that was ended is over, and otherwise the earliest end holds.
        let least = versions.min_by_key(|said| (said.what.ended.is_none(), said.what.until));
        match least {
            Some(row) => {
                let scope = key.scope();
                let (client, site) = place_of(&scope);
                let labels = with_place(&row.what.labels, client, site);
                self.all.insert(id, Held { key: key.clone(), labels, seen: many.context(), row });
            }
            None => drop(self.all.remove(&id)),
        }
        true
    }

    /// What the telling needs: the times at which each mutes, up to a week ahead.
    pub(crate) fn tell(&self, now: UtcMs) -> Vec<vigie_notify::Mute> {
        let mut mutes = Vec::new();
        for held in self.all.values().filter(|held| !held.is_over(now)) {
            let labels = held.labels.clone();
            mutes.extend(held.row.what.windows(now).into_iter().map(|(from, until)| vigie_notify::Mute {
                labels: labels.clone(),
                from: Some(from),
                until: Some(until),
                spares_awake: !held.row.what.silence,
            }));
        }
        mutes
    }

    /// Those that mute now, for whoever asks of many alerts.
    pub(crate) fn active(&self, now: UtcMs) -> Active<'_> {
        let mut active = Active::default();
        // One without a label would mute everything.
        for (id, held) in self.all.iter().filter(|(_, held)| !held.labels.is_empty() && held.is_active(now)) {
            let client = held.labels.get("client").map_or("", String::as_str);
            active.of_client.entry(client).or_default().push((*id, held));
        }
        active
    }

    /// All that mute or will, and those that ended within a week.
    pub(crate) fn shown(&self, now: UtcMs) -> Vec<Mute> {
        let recent = |held: &&(&Ulid, &Held)| now.0.saturating_sub(held.1.row.what.until.0) < SHOWN_AFTER_MS;
        self.all.iter().filter(|held| recent(&held)).map(|(id, held)| held.shown(*id, now)).rev().collect()
    }

    pub(crate) fn one(&self, id: &str, now: UtcMs) -> Option<Mute> {
        let id = Ulid::read(id)?;
        Some(self.all.get(&id)?.shown(id, now))
    }

    /// What writes a new one.
    pub(crate) fn written(wish: &MuteWish, id: Ulid, who: (&str, &str), now: UtcMs) -> Result<RowEdit, Undecided> {
        let row = checked(wish, now)?;
        let key = Key::new(&scope(wish)?, &Kind::Maintenance, &id.to_string()).map_err(senseless)?;
        let said = Said::new(row, who.0, who.1, now);
        Ok(decide(key, Many::new().context(), &said))
    }

    /// What ends one before its time.
    pub(crate) fn ended(&self, id: &str, who: (&str, &str), now: UtcMs) -> Result<RowEdit, Undecided> {
        let held = Ulid::read(id).and_then(|id| self.all.get(&id)).ok_or(Undecided::NotHere("such maintenance"))?;
        if held.is_over(now) {
            return Err(Undecided::Senseless("it is over already".to_owned()));
        }
        let mut row = held.row.clone();
        row.what.ended = Some((cut_to(who.0, LABEL_BYTES), now));
        row.what.until = row.what.until.min(now);
        Ok(decide(held.key.clone(), held.seen.clone(), &row))
    }
}

/// The first times at which a wish would mute, and its labels with those of its place.
pub(crate) type Preview = (Vec<(Stamp, Stamp)>, BTreeMap<String, String>);

/// What a wish would be, without writing it.
///
/// # Errors
/// When it makes no sense.
pub(crate) fn preview(wish: &MuteWish, now: UtcMs) -> Result<Preview, Undecided> {
    let row = checked(wish, now)?;
    let windows = row.windows(now).into_iter().take(SHOWN).map(|(from, until)| (Stamp(from), Stamp(until)));
    Ok((windows.collect(), with_place(&row.labels, wish.client.as_ref(), wish.site.as_ref())))
}

impl Held {
    fn is_over(&self, now: UtcMs) -> bool {
        self.row.what.ended.is_some() || self.row.what.until <= now
    }

    fn is_active(&self, now: UtcMs) -> bool {
        !self.is_over(now) && self.row.what.windows(now).iter().any(|(from, until)| *from <= now && now < *until)
    }

    /// Whether an alert of these labels is what it asks for.
    fn covers(&self, label: &impl Fn(&str) -> String) -> bool {
        (self.row.what.silence || label(vigie_notify::AWAKE_LABEL).is_empty())
            && self.labels.iter().all(|(name, value)| label(name) == *value)
    }

    fn shown(&self, id: Ulid, now: UtcMs) -> Mute {
        let row = &self.row.what;
        let scope = self.key.scope();
        let (client, site) = place_of(&scope);
        let every = row.every.clone().map(|(zone, days, from, to)| Recurring { zone, days, from, to });
        let wish = MuteWish {
            kind: if row.silence { MuteKind::Silence } else { MuteKind::Maintenance },
            client: client.cloned(),
            site: site.cloned(),
            labels: row.labels.clone(),
            from_ms: Some(row.from.0),
            until_ms: row.until.0,
            every,
            why: row.why.clone(),
        };
        let windows = if self.is_over(now) { Vec::new() } else { row.windows(now) };
        Mute {
            id: id.to_string(),
            wish,
            by: self.row.by.clone(),
            at: self.row.at.clone(),
            made_at: Stamp(self.row.happened),
            ended: row.ended.clone().map(|(who, at)| (who, Stamp(at))),
            active: self.is_active(now),
            windows: windows.into_iter().take(SHOWN).map(|(from, until)| (Stamp(from), Stamp(until))).collect(),
        }
    }
}

impl MuteRow {
    /// The times at which it mutes that are not over, up to a week ahead, in order.
    fn windows(&self, now: UtcMs) -> Vec<(UtcMs, UtcMs)> {
        let whole = [(self.from, self.until)];
        let times = match &self.every {
            None => whole.to_vec(),
            Some((zone, days, from, to)) => match hours("maintenance", zone, days, from, to) {
                Ok(hours) => hours.openings(now.max(self.from)),
                // Its zone is known where it was made, and not here: too much is told rather than too little.
                Err(_) => Vec::new(),
            },
        };
        let within = times.into_iter().map(|(from, until)| (from.max(self.from), until.min(self.until)));
        within.filter(|(from, until)| from < until && now < *until).collect()
    }
}

fn checked(wish: &MuteWish, now: UtcMs) -> Result<MuteRow, Undecided> {
    let no = |why: &str| Err(Undecided::Senseless(why.to_owned()));
    let from = UtcMs(wish.from_ms.unwrap_or(now.0));
    let until = UtcMs(wish.until_ms);
    if until <= now || until <= from {
        return no("it would end before it begins");
    }
    if until.0.saturating_sub(from.0) > LONGEST_MS {
        return no("it would last for more than a year; leave the rule out instead");
    }
    let long = |text: &String| text.is_empty() || text.len() > LABEL_BYTES;
    if wish.labels.len() > MAX_LABELS || wish.labels.iter().any(|(name, value)| long(name) || long(value)) {
        return no("it has at most 16 labels, each with a name and a value of at most 128 bytes");
    }
    if wish.client.is_none() && wish.labels.is_empty() {
        return no("it names no client and no label: nobody would be told of anything");
    }
    let every = match &wish.every {
        None => None,
        Some(Recurring { zone, days, from, to }) => {
            if let Err(error) = hours("maintenance", zone, days, from, to) {
                return no(&error.to_string().replace("route \"maintenance\"", "it"));
            }
            Some((zone.clone(), days.clone(), from.clone(), to.clone()))
        }
    };
    let row = MuteRow {
        silence: wish.kind == MuteKind::Silence,
        labels: wish.labels.clone(),
        from,
        until,
        every,
        why: cut_to(&wish.why, WHY_BYTES),
        ended: None,
    };
    if row.windows(now).is_empty() && row.every.is_some() && until.0.saturating_sub(now.max(from).0) < 7 * 86_400_000 {
        return no("at no time before its end would it mute");
    }
    Ok(row)
}

/// For whom a wish is.
pub(crate) fn scope(wish: &MuteWish) -> Result<Scope, Undecided> {
    match (&wish.client, &wish.site) {
        (None, None) => Ok(Scope::Deployment),
        (Some(client), None) => Ok(Scope::Client(client.clone())),
        (Some(client), Some(site)) => Ok(Scope::Site(client.clone(), site.clone())),
        (None, Some(_)) => Err(Undecided::Senseless("a site is one of a client: name both".to_owned())),
    }
}

/// Client and site of a scope, as far as it has them.
pub(crate) fn place_of(scope: &Scope) -> (Option<&Slug>, Option<&Slug>) {
    match scope {
        Scope::Deployment => (None, None),
        Scope::Client(client) => (Some(client), None),
        Scope::Site(client, site) => (Some(client), Some(site)),
    }
}

fn with_place(
    labels: &BTreeMap<String, String>,
    client: Option<&Slug>,
    site: Option<&Slug>,
) -> BTreeMap<String, String> {
    let place = [("client", client), ("site", site)];
    let place = place.into_iter().filter_map(|(name, slug)| Some((name.to_owned(), slug?.to_string())));
    // The place comes from the key, whatever the labels say.
    labels.clone().into_iter().chain(place).collect()
}

fn decide(key: Key, seen: Context, said: &Said<MuteRow>) -> RowEdit {
    let value = written(said);
    RowEdit::new(key, move |row, marker| {
        let mut many = match row {
            None => Many::new(),
            Some(Row::Many(many)) => many,
            Some(_) => return Err(EditError::OtherType),
        };
        many.write(Some(value), marker, &seen)?;
        Ok(Row::Many(many))
    })
}

pub(crate) fn written(said: &Said<MuteRow>) -> Vec<u8> {
    [vec![VERSION], postcard::to_stdvec(said).unwrap_or_default()].concat()
}

pub(crate) fn read(value: &[u8]) -> Option<Said<MuteRow>> {
    postcard::from_bytes(value.strip_prefix(&[VERSION])?).ok()
}

fn senseless(error: KeyError) -> Undecided {
    Undecided::Senseless(error.to_string())
}
