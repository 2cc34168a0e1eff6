//! What does this agent measure: the machine it runs on, or figures it makes up?

use std::fmt;
use std::str::FromStr;

use super::{Synthetic, SyntheticError};

/// The value of `--collector`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// The machine it runs on.
    #[default]
    Machine,
    /// Figures anyone can compute again, for demonstrations and proofs.
    Synthetic(Synthetic),
}

impl Choice {
    /// Whether its figures are a function of the number of their tick, and true of no other.
    pub(crate) fn is_made_up(self) -> bool {
        matches!(self, Self::Synthetic(_))
    }
}

impl FromStr for Choice {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "machine" => Ok(Self::Machine),
            Some(("synthetic", rest)) => Ok(Self::Synthetic(rest.parse()?)),
            None if text == "synthetic" => Err(SyntheticError::NotTwoOrThree.into()),
            _ => Err(ChoiceError::Unknown(text.chars().take(40).collect())),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine => f.write_str("machine"),
            Self::Synthetic(synthetic) => write!(f, "synthetic:{synthetic}"),
        }
    }
}

/// A collector nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// Neither of the two.
    #[error("{0:?} is not a collector: it is machine or synthetic:SEED,SERIES[,CLASS]")]
    Unknown(String),
    /// A synthetic one that is not well described.
    #[error(transparent)]
    Synthetic(#[from] SyntheticError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_back_from_what_it_prints() {
        for text in ["machine", "synthetic:7,1000,machine", "synthetic:18446744073709551615,1,noise"] {
            let choice: Choice = text.parse().expect("a known collector");
            assert_eq!(choice.to_string(), text);
        }
    }

    #[test]
    fn an_unknown_collector_is_refused_with_what_there_is() {
        let error = "snmp".parse::<Choice>().expect_err("not a collector");
        assert!(error.to_string().contains("synthetic:SEED,SERIES"), "{error}");
        assert!(matches!("synthetic".parse::<Choice>(), Err(ChoiceError::Synthetic(_))));
    }
}
