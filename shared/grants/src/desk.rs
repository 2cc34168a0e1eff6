//! How does the hub grant, list and take back?

use vigie_merge::Kind;
use vigie_model::{Slug, UtcMs};
use vigie_node::NodeRows;
use vigie_serve::Place;
use vigie_store::rows::{RowsError, WriteError};

use crate::grant::{Grant, May, folded, is_ours, key};
use crate::passphrase::{SALT_BYTES, SECRET_BYTES, Verifier, shown};

/// Bytes of a name: it stands in each decision of its bearer.
const NAME_BYTES: usize = 100;

/// The longest that is granted ahead: a year. Nobody remembers longer who was let in.
const LONGEST_DAYS: u32 = 366;

/// Names that are not people's.
const RESERVED: [&str; 2] = ["hub", "site"];

const DAY_MS: i64 = 86_400_000;

/// What was granted, and its passphrase, which is shown this once and kept nowhere.
#[derive(Debug)]
pub struct Granted {
    /// The grant.
    pub grant: Grant,
    /// What its bearer types.
    pub passphrase: String,
}

/// Why nothing was granted or taken back. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// Not a name.
    #[error(
        "a person's name has 1 to {NAME_BYTES} bytes, no control characters, and is not \"hub\" or \"site\"; nothing was changed"
    )]
    Name,
    /// For no days, or too many.
    #[error("access is granted for 1 to {LONGEST_DAYS} days, not {0}; nothing was changed")]
    Days(u32),
    /// They have it already.
    #[error("{0} has access there already; revoke it first; nothing was changed")]
    Already(String),
    /// They have none.
    #[error("{0} has no access there; nothing was changed")]
    NotThere(String),
    /// The system gives no random bytes, or no memory.
    #[error("a passphrase can not be made now: {0}; nothing was changed")]
    NoPassphrase(&'static str),
    /// Rows can not be written.
    #[error("it can not be kept: {0}; nothing was changed")]
    Write(#[from] WriteError),
    /// Rows can not be read.
    #[error("what was granted can not be read: {0}")]
    Read(#[from] RowsError),
}

/// Grants a person access at a place. Slow on purpose: ask from a blocking thread.
///
/// # Errors
/// When it makes no sense, or can not be kept; nothing was changed then.
pub fn add(rows: &NodeRows, place: &Place, name: &str, days: u32, may: May, now: UtcMs) -> Result<Granted, GrantError> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_plain = !name.is_empty() && name.len() <= NAME_BYTES && !name.chars().any(char::is_control);
    if !is_plain || RESERVED.contains(&folded(&name).as_str()) {
        return Err(GrantError::Name);
    }
    if !(1..=LONGEST_DAYS).contains(&days) {
        return Err(GrantError::Days(days));
    }
    let (mut secret, mut salt) = ([0; SECRET_BYTES], [0; SALT_BYTES]);
    let filled = getrandom::fill(&mut secret).and_then(|()| getrandom::fill(&mut salt));
    filled.map_err(|_| GrantError::NoPassphrase("the system gives no random bytes"))?;
    let passphrase = shown(&secret);
    let verifier = Verifier::of(&passphrase, salt).ok_or(GrantError::NoPassphrase("there is no memory for it"))?;
    let until_ms = now.0.saturating_add(i64::from(days) * DAY_MS);
    let grant = Grant { name: name.clone(), may, from_ms: now.0, until_ms, revoked_ms: None, verifier };
    let key = key(place, &name).map_err(|_| GrantError::Name)?;
    let value = grant.encode();
    let written = rows.edit_blocking(move |pen| {
        let before = pen.get(&key)?.as_ref().and_then(Grant::of_row);
        if before.is_some_and(|before| before.state(now) == "valid") {
            return Ok(false);
        }
        pen.last(&key, Some(value)).map(|()| true)
    })?;
    if written { Ok(Granted { grant, passphrase }) } else { Err(GrantError::Already(name)) }
}

/// Takes a person's access back: at the site as soon as the row is there.
///
/// # Errors
/// When they have none, or it can not be kept; nothing was changed then.
pub fn revoke(rows: &NodeRows, place: &Place, name: &str, now: UtcMs) -> Result<Grant, GrantError> {
    let key = key(place, name).map_err(|_| GrantError::Name)?;
    let revoked = rows.edit_blocking(move |pen| {
        let Some(grant) = pen.get(&key)?.as_ref().and_then(Grant::of_row) else { return Ok(None) };
        if grant.state(now) != "valid" {
            return Ok(None);
        }
        let grant = Grant { revoked_ms: Some(now.0), ..grant };
        pen.last(&key, Some(grant.encode()))?;
        Ok(Some(grant))
    })?;
    revoked.ok_or_else(|| GrantError::NotThere(name.to_owned()))
}

/// Lets go of what was granted to somebody, as if it had never been: at the site as soon as the row is there, and until then
/// they come in. Says how many rows that were.
///
/// # Errors
/// When rows can not be read or written; begin again.
pub fn erase(rows: &NodeRows, is_theirs: impl Fn(&Slug, &str) -> bool) -> Result<u64, GrantError> {
    let mut keys = Vec::new();
    for (key, row) in rows.scan_all(&[Kind::Grant])? {
        let vigie_merge::Scope::Site(client, _) = key.scope() else { continue };
        let grant = Grant::of_row(&row).filter(|grant| is_ours(&key) && is_theirs(&client, &grant.name));
        keys.extend(grant.map(|_| key));
    }
    if !keys.is_empty() {
        rows.edit_blocking(|pen| keys.iter().try_for_each(|key| pen.last(key, None)))?;
    }
    Ok(keys.len() as u64)
}

/// All that was granted, by place and name; what has ended too.
///
/// # Errors
/// When rows can not be read now.
pub fn list(rows: &NodeRows) -> Result<Vec<(Slug, Slug, Grant)>, GrantError> {
    let mut grants = Vec::new();
    for (key, row) in rows.scan_all(&[Kind::Grant])? {
        let vigie_merge::Scope::Site(client, site) = key.scope() else { continue };
        grants.extend(Grant::of_row(&row).filter(|_| is_ours(&key)).map(|grant| (client, site, grant)));
    }
    grants.sort_by(|a, b| (&a.0, &a.1, &a.2.name).cmp(&(&b.0, &b.1, &b.2.name)));
    Ok(grants)
}
