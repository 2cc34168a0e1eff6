//! What is missing from an answer, in words?

use std::collections::HashSet;
use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Machines that a warning names one by one; of the others it says how many.
const MAX_NAMED: usize = 10;

/// What a source could not give, of what was asked. Empty when the answer is whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    shortfalls: Vec<Shortfall>,
}

/// One machine of which something is missing in the range that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shortfall {
    /// The machine's host name.
    pub machine: String,
    /// Its node id.
    pub machine_id: String,
    /// Its site.
    pub site: String,
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

    /// Adds what another read of the same question lacked; what was noted before is not noted twice.
    pub fn merge(&mut self, other: Self) {
        if self.shortfalls.is_empty() {
            return *self = other;
        }
        let here: HashSet<&Shortfall> = self.shortfalls.iter().collect();
        let new: Vec<Shortfall> = other.shortfalls.into_iter().filter(|shortfall| !here.contains(shortfall)).collect();
        self.shortfalls.extend(new);
    }

    /// What is missing, machine by machine.
    pub fn shortfalls(&self) -> &[Shortfall] {
        &self.shortfalls
    }

    /// The sentences that go with an answer, in Prometheus' `warnings`.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<_> = self.shortfalls.iter().take(MAX_NAMED).map(ToString::to_string).collect();
        let rest = self.shortfalls.len().saturating_sub(MAX_NAMED);
        if rest > 0 {
            warnings.push(format!("{rest} more machines are incomplete in this range"));
        }
        warnings
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

    #[test]
    fn many_incomplete_machines_are_counted_not_listed() {
        let mut coverage = Coverage::whole();
        for n in 0..14 {
            let machine = format!("m{n}");
            let lack = Lack::Cut { since_ms: 1_500 };
            coverage.lacks(Shortfall { machine, machine_id: String::new(), site: "lyon".into(), lack });
        }
        let warnings = coverage.warnings();
        assert_eq!(warnings.len(), 11);
        assert_eq!(warnings[0], "site lyon is cut off: nothing of m0 after 1970-01-01T00:00:01Z has been heard yet");
        assert_eq!(warnings[10], "4 more machines are incomplete in this range");
    }
}
