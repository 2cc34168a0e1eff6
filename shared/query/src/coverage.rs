//! What is missing from an answer, in words?

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Sites, and machines of others, that are named one by one; of the rest it is said how many there are.
const MAX_NAMED: usize = 10;

/// Machines of one site are heard within this of each other.
const A_MINUTE_MS: i64 = 60_000;

/// What a source could not give, of what was asked. Empty when the answer is whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    shortfalls: Vec<Shortfall>,
    coarse: Vec<Coarse>,
}

/// A stretch of an answer that was made from minutes or hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coarse {
    /// How long each window is.
    pub window_ms: i64,
    /// When the first begins, in ms since 1970 UTC.
    pub from_ms: i64,
    /// When the last ends.
    pub to_ms: i64,
    /// Ticks that the windows hold.
    pub counted: u64,
    /// Ticks that they would hold if nothing of that time were missing.
    pub known: u64,
    /// The single samples of it are no longer kept, or never came: there was no choice.
    pub only: bool,
}

/// One machine of which something is missing in the range that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shortfall {
    /// The machine's host name.
    pub machine: Arc<str>,
    /// Its node id.
    pub machine_id: Arc<str>,
    /// Whose it is: two clients may have sites of one name.
    pub client: Arc<str>,
    /// Its site.
    pub site: Arc<str>,
    /// What is missing, and why.
    pub lack: Lack,
}

/// Why samples are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lack {
    /// The site is cut off: what it measured since then, if anything, is not here.
    Cut {
        /// The newest sample here, in ms since 1970 UTC.
        since_ms: i64,
    },
    /// The machine does not answer.
    Silent {
        /// The newest sample here, in ms since 1970 UTC.
        since_ms: i64,
    },
    /// Ticks are known to be on their way.
    Waiting {
        /// How many.
        ticks: u64,
    },
    /// Single samples have been deleted for their age, and what is asked can not be told from minutes or hours, or they are
    /// gone too.
    Expired {
        /// Those from before, in ms since 1970 UTC.
        before_ms: i64,
    },
    /// Ticks are lost and will not come.
    Lost {
        /// How many.
        ticks: u64,
    },
}

impl Coverage {
    /// Nothing is missing.
    pub fn whole() -> Self {
        Self::default()
    }

    /// Notes what is missing of a machine.
    pub fn lacks(&mut self, shortfall: Shortfall) {
        self.shortfalls.push(shortfall);
    }

    /// Without what is missing of machines that do not concern the one who asks.
    pub(crate) fn retain(&mut self, concerns: impl FnMut(&Shortfall) -> bool) {
        self.shortfalls.retain(concerns);
    }

    /// Notes what was made from minutes or hours: all stretches of one window as one.
    pub fn is_coarse(&mut self, coarse: Coarse) {
        let same = |known: &&mut Coarse| (known.window_ms, known.only) == (coarse.window_ms, coarse.only);
        match self.coarse.iter_mut().find(same) {
            Some(known) => {
                known.from_ms = known.from_ms.min(coarse.from_ms);
                known.to_ms = known.to_ms.max(coarse.to_ms);
                known.counted = known.counted.saturating_add(coarse.counted);
                known.known = known.known.saturating_add(coarse.known);
            }
            None => self.coarse.push(coarse),
        }
    }

    /// What was made from minutes or hours.
    pub fn coarse(&self) -> &[Coarse] {
        &self.coarse
    }

    /// Adds what another read of the same question lacked; what was noted before is not noted twice.
    pub fn merge(&mut self, other: Self) {
        other.coarse.iter().for_each(|coarse| self.is_coarse(*coarse));
        if self.shortfalls.is_empty() {
            self.shortfalls = other.shortfalls;
            return;
        }
        let here: HashSet<&Shortfall> = self.shortfalls.iter().collect();
        let new: Vec<Shortfall> = other.shortfalls.into_iter().filter(|shortfall| !here.contains(shortfall)).collect();
        self.shortfalls.extend(new);
    }

    /// What is missing, machine by machine.
    pub fn shortfalls(&self) -> &[Shortfall] {
        &self.shortfalls
    }

    /// The sentences that go with an answer, in Prometheus' `warnings`: one for each site that is cut off, however many
    /// machines are behind it.
    pub fn warnings(&self) -> Vec<String> {
        let (mut cut, mut others) = (BTreeMap::<_, CutSite<'_>>::new(), Vec::new());
        for shortfall in &self.shortfalls {
            match shortfall.lack {
                Lack::Cut { since_ms } => cut
                    .entry((&*shortfall.client, &*shortfall.site))
                    .and_modify(|site| site.and(since_ms))
                    .or_insert_with(|| CutSite::of(shortfall, since_ms)),
                _ => {
                    others.push(shortfall);
                    continue;
                }
            };
        }
        let mut warnings = named(cut.into_values(), "sites are cut off");
        warnings.extend(named(others.into_iter(), "machines are incomplete in this range"));
        warnings.extend(self.coarse.iter().filter(|coarse| coarse.only).map(ToString::to_string));
        warnings
    }

    /// The sentences for Prometheus' `infos`: what was answered more coarsely than it could have been.
    pub fn infos(&self) -> Vec<String> {
        self.coarse.iter().filter(|coarse| !coarse.only).map(ToString::to_string).collect()
    }
}

/// The first of them in words, and how many more there are.
fn named<T: fmt::Display>(all: impl ExactSizeIterator<Item = T>, more: &str) -> Vec<String> {
    let rest = all.len().saturating_sub(MAX_NAMED);
    let rest = (rest > 0).then(|| format!("{rest} more {more}"));
    all.take(MAX_NAMED).map(|one| one.to_string()).chain(rest).collect()
}

/// A site that is cut off, and what is missing of it.
#[derive(Debug)]
struct CutSite<'a> {
    first: &'a Shortfall,
    machines: usize,
    /// When the machine that was heard last was, and when the one that was not heard for longest.
    newest_ms: i64,
    oldest_ms: i64,
}

impl<'a> CutSite<'a> {
    fn of(first: &'a Shortfall, since_ms: i64) -> Self {
        Self { first, machines: 1, newest_ms: since_ms, oldest_ms: since_ms }
    }

    fn and(&mut self, since_ms: i64) {
        self.machines += 1;
        self.newest_ms = self.newest_ms.max(since_ms);
        self.oldest_ms = self.oldest_ms.min(since_ms);
    }
}

impl fmt::Display for CutSite<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, machines, newest_ms, oldest_ms } = self;
        if *machines == 1 {
            return first.fmt(f);
        }
        let (site, newest) = (&first.site, moment(*newest_ms));
        write!(f, "site {site} is cut off: nothing of {machines} machines after {newest} has been heard yet")?;
        if newest_ms - oldest_ms > A_MINUTE_MS { write!(f, ", of some since {}", moment(*oldest_ms)) } else { Ok(()) }
    }
}

impl fmt::Display for Coarse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resolution = if self.window_ms < 3_600_000 { "1m" } else { "1h" };
        let (from, to) = (moment(self.from_ms), moment(self.to_ms));
        // Rounded down: only what is whole is 100 %.
        let permille = (u128::from(self.counted) * 1_000).checked_div(u128::from(self.known)).unwrap_or(0);
        let (whole, tenth) = (permille / 10, permille % 10);
        write!(f, "Vigie: answered at {resolution} resolution from {from} to {to}")?;
        if self.only {
            write!(f, ", where single samples are not kept")?;
        }
        write!(f, "; coverage {whole}.{tenth} %, edges within {resolution}")
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { machine, site, lack, .. } = self;
        match lack {
            Lack::Cut { since_ms } => {
                let since = moment(*since_ms);
                write!(f, "site {site} is cut off: nothing of {machine} after {since} has been heard yet")
            }
            Lack::Silent { since_ms } => {
                let since = moment(*since_ms);
                write!(f, "{machine} at site {site} does not answer: nothing after {since} has been heard")
            }
            Lack::Waiting { ticks } => {
                write!(f, "{ticks} measurements of {machine} at site {site} are on their way and not in this answer")
            }
            Lack::Expired { before_ms } => {
                let before = moment(*before_ms);
                let whose = if machine.is_empty() { "pushed to".to_owned() } else { format!("of {machine} at") };
                write!(f, "samples {whose} site {site} from before {before} have been deleted for their age")
            }
            Lack::Lost { ticks } => write!(f, "{ticks} measurements of {machine} at site {site} are lost"),
        }
    }
}

/// A moment as people and programs read it. One that no calendar holds is given in seconds.
fn moment(ms: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).ok();
    at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_else(|| (ms / 1000).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking(coverage: &mut Coverage, site: &str, machine: usize, lack: Lack) {
        let (machine, client) = (format!("m{machine}").into(), "acme".into());
        coverage.lacks(Shortfall { machine, machine_id: "".into(), client, site: site.into(), lack });
    }

    #[test]
    fn many_incomplete_machines_are_counted_not_listed() {
        let mut coverage = Coverage::whole();
        (0..14).for_each(|n| lacking(&mut coverage, "lyon", n, Lack::Silent { since_ms: 1_500 }));
        let warnings = coverage.warnings();
        assert_eq!(warnings.len(), 11);
        assert_eq!(warnings[0], "m0 at site lyon does not answer: nothing after 1970-01-01T00:00:01Z has been heard");
        assert_eq!(warnings[10], "4 more machines are incomplete in this range");
    }

    #[test]
    fn a_site_that_is_cut_off_is_one_warning_however_many_machines_are_behind_it() {
        let mut coverage = Coverage::whole();
        (0..14).for_each(|n| lacking(&mut coverage, "lyon", n, Lack::Cut { since_ms: 1_500 + n as i64 }));
        lacking(&mut coverage, "nice", 0, Lack::Cut { since_ms: 1_000 });
        lacking(&mut coverage, "paris", 0, Lack::Cut { since_ms: 1_000 });
        lacking(&mut coverage, "paris", 1, Lack::Cut { since_ms: 3_600_000 });
        assert_eq!(
            coverage.warnings(),
            [
                "site lyon is cut off: nothing of 14 machines after 1970-01-01T00:00:01Z has been heard yet",
                "site nice is cut off: nothing of m0 after 1970-01-01T00:00:01Z has been heard yet",
                "site paris is cut off: nothing of 2 machines after 1970-01-01T01:00:00Z has been heard yet, of some since \
             1970-01-01T00:00:01Z",
            ]
        );
        (0..12).for_each(|n| lacking(&mut coverage, &format!("a{n:02}"), n, Lack::Cut { since_ms: 0 }));
        assert_eq!(coverage.warnings().last().map(String::as_str), Some("5 more sites are cut off"));
    }
}
