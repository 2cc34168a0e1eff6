//! How much may the line of a site take, as the hub says? A row for each site, which its relays take up as it comes.

use serde::{Deserialize, Serialize};
use vigie_merge::{Key, KeyError, Kind, Row, Scope};
use vigie_model::{Slug, UtcMs};
use vigie_store::rows::{RowsError, WriteError};
use vigie_sync::LinkProfile;

use crate::NodeRows;

/// Version of the value's shape.
const VERSION: u8 = 1;

/// The name of the row.
const LINK: &str = "link";

/// The smallest volume of a month: what keeps a connection and its alerts alive takes half a megabyte a day.
const LEAST_BYTES: u64 = 20_000_000;

/// The most bytes of a name.
const NAME_BYTES: usize = 128;

/// What the line of a site may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Bytes up and down in a calendar month; as many as there are if nothing is said.
    pub bytes_per_month: Option<u64>,
    /// Hours of the day (UTC) in which backlog may travel: from the first up to, and without, the second.
    pub backlog_hours: Option<(u8, u8)>,
}

/// A budget, for whom it is, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetSaid {
    /// Whose.
    pub client: Slug,
    /// Which site.
    pub site: Slug,
    /// What; none where a newer version of this program said it.
    pub budget: Option<Budget>,
    /// Who.
    pub by: String,
    /// When.
    pub made: UtcMs,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    budget: Budget,
    by: String,
    made_ms: i64,
}

/// A budget that was not said. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BudgetError {
    /// Nothing.
    #[error("it says nothing: bytes in a month, or hours for what waits; nothing was changed")]
    Nothing,
    /// Too little.
    #[error("a line needs at least {LEAST_BYTES} bytes in a month for what is urgent, not {0}; nothing was changed")]
    TooLittle(u64),
    /// No hours.
    #[error("hours are two different ones from 0 to 23, as in 22-6, in UTC; nothing was changed")]
    Hours,
    /// The site can not be called so.
    #[error("there can be no such site: {0}; nothing was changed")]
    Key(#[from] KeyError),
    /// Rows can not be written.
    #[error("it can not be kept: {0}; nothing was changed")]
    Write(#[from] WriteError),
}

impl Budget {
    /// Says what the line of a site may take, durably.
    ///
    /// # Errors
    /// When it makes no sense or can not be kept; nothing was changed then.
    pub fn set(self, rows: &NodeRows, at: (&Slug, &Slug), by: &str, now: UtcMs) -> Result<(), BudgetError> {
        self.check()?;
        let by = by.chars().take(NAME_BYTES / 4).collect();
        let kept = Kept { budget: self, by, made_ms: now.0 };
        let value = [vec![VERSION], postcard::to_stdvec(&kept).unwrap_or_default()].concat();
        let key = key(at)?;
        Ok(rows.edit_blocking(|pen| pen.last(&key, Some(value)))?)
    }

    /// Says nothing of a site's line any more.
    ///
    /// # Errors
    /// When it can not be kept; nothing was changed then.
    pub fn unset(rows: &NodeRows, at: (&Slug, &Slug)) -> Result<(), BudgetError> {
        let key = key(at)?;
        Ok(rows.edit_blocking(|pen| pen.last(&key, None))?)
    }

    /// All budgets that are here, by place.
    ///
    /// # Errors
    /// When rows can not be read now.
    pub fn list(rows: &NodeRows) -> Result<Vec<BudgetSaid>, RowsError> {
        Ok(rows.scan_all(&[Kind::Budget])?.iter().filter_map(|(key, row)| read(key, row)).collect())
    }

    /// A link as it is treated: what its own file says, and of the rest what the hub says.
    pub fn over(said: Option<Self>, file: &LinkProfile) -> LinkProfile {
        let said = said.unwrap_or_default();
        LinkProfile {
            bytes_per_month: file.bytes_per_month.or(said.bytes_per_month),
            backlog_hours: file.backlog_hours.or(said.backlog_hours),
            ..file.clone()
        }
    }

    fn check(self) -> Result<(), BudgetError> {
        let is_hours = |(from, to): (u8, u8)| from < 24 && to < 24 && from != to;
        match (self.bytes_per_month, self.backlog_hours) {
            (None, None) => Err(BudgetError::Nothing),
            (Some(bytes), _) if bytes < LEAST_BYTES => Err(BudgetError::TooLittle(bytes)),
            (_, Some(hours)) if !is_hours(hours) => Err(BudgetError::Hours),
            _ => Ok(()),
        }
    }
}

fn key((client, site): (&Slug, &Slug)) -> Result<Key, KeyError> {
    Key::new(&Scope::Site(client.clone(), site.clone()), &Kind::Budget, LINK)
}

impl BudgetSaid {
    /// What a row says; nothing for rows of other things, and where nothing is said any more.
    pub fn read(key: &Key, row: &Row) -> Option<Self> {
        read(key, row)
    }
}

fn read(key: &Key, row: &Row) -> Option<BudgetSaid> {
    let (Scope::Site(client, site), LINK) = (key.scope(), key.name()) else { return None };
    let Row::Last(last) = row else {
        return Some(BudgetSaid { client, site, budget: None, by: String::new(), made: UtcMs(0) });
    };
    let value = last.value()?;
    let kept = value.strip_prefix(&[VERSION]).and_then(|body| postcard::from_bytes::<Kept>(body).ok());
    Some(match kept {
        // What makes no sense here is not followed, whoever wrote it.
        Some(kept) => BudgetSaid {
            client,
            site,
            budget: Some(kept.budget).filter(|budget| budget.check().is_ok()),
            by: kept.by,
            made: UtcMs(kept.made_ms),
        },
        None => BudgetSaid { client, site, budget: None, by: String::new(), made: UtcMs(0) },
    })
}

#[cfg(test)]
mod tests {
    use vigie_sync::LinkKind;

    use super::*;

    #[test]
    fn what_a_relay_says_of_its_line_counts_before_what_the_hub_says_value_by_value() {
        let said = Budget { bytes_per_month: Some(300_000_000), backlog_hours: Some((22, 6)) };
        let silent = LinkProfile::of(LinkKind::Metered);
        let taken = Budget::over(Some(said), &silent);
        assert_eq!((taken.bytes_per_month, taken.backlog_hours), (said.bytes_per_month, said.backlog_hours));
        let own = LinkProfile { bytes_per_month: Some(50_000_000), ..silent.clone() };
        let taken = Budget::over(Some(said), &own);
        assert_eq!((taken.bytes_per_month, taken.backlog_hours), (Some(50_000_000), said.backlog_hours));
        assert_eq!(Budget::over(None, &silent), silent);
    }

    #[test]
    fn a_budget_that_would_keep_a_line_from_its_alerts_is_none() {
        let of = |bytes_per_month, backlog_hours| Budget { bytes_per_month, backlog_hours }.check();
        assert!(of(Some(LEAST_BYTES), None).is_ok() && of(None, Some((22, 6))).is_ok());
        assert!(matches!(of(None, None), Err(BudgetError::Nothing)));
        assert!(matches!(of(Some(1_000), None), Err(BudgetError::TooLittle(1_000))));
        for hours in [(24, 6), (6, 24), (7, 7)] {
            assert!(matches!(of(None, Some(hours)), Err(BudgetError::Hours)), "{hours:?}");
        }
    }
}
