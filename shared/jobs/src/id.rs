//! What is a job called?

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use vigie_model::UtcMs;

/// Twelve digits of the moment it was made, and twelve of chance: later ones sort behind earlier ones.
const DIGITS: usize = 24;

/// The name of one job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct JobId(String);

/// That is no name of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a job is called by {DIGITS} hexadecimal digits")]
pub struct NoJobId;

impl JobId {
    /// The name of a job that was made now. `chance` tells those of one millisecond apart.
    pub fn new(now: UtcMs, chance: [u8; 6]) -> Self {
        let chance = chance.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        let ms = now.0.max(0).cast_unsigned() & 0xffff_ffff_ffff;
        Self(format!("{ms:012x}{chance:012x}"))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobId {
    type Err = NoJobId;

    fn from_str(text: &str) -> Result<Self, NoJobId> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match text.len() == DIGITS && text.bytes().all(is_digit) {
            true => Ok(Self(text.to_owned())),
            false => Err(NoJobId),
        }
    }
}

impl TryFrom<String> for JobId {
    type Error = NoJobId;

    fn try_from(text: String) -> Result<Self, NoJobId> {
        text.parse()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_job_sorts_behind_an_earlier_one_and_its_name_reads_back() {
        let early = JobId::new(UtcMs(1_795_258_000_000), [0xff; 6]);
        let late = JobId::new(UtcMs(1_795_258_000_001), [0; 6]);
        assert!(early < late);
        assert_eq!(early.as_str().parse(), Ok(early.clone()));
        for text in ["", "0123", &"g".repeat(DIGITS), &"A".repeat(DIGITS), &"0".repeat(DIGITS + 1)] {
            assert_eq!(text.parse::<JobId>(), Err(NoJobId), "{text}");
        }
    }
}
