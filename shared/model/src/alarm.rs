//! How bad is it, and why can that not be said for sure?

use serde::{Deserialize, Serialize};

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// To know.
    Info,
    /// To look at today.
    #[default]
    Warning,
    /// To act on now.
    Critical,
}

impl Severity {
    /// As it stands in labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// What a label means, in the words that rule files use; a warning for what nobody has heard of.
    pub fn of_label(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "critical" | "page" | "error" | "emergency" | "fatal" | "high" => Self::Critical,
            "info" | "information" | "informational" | "none" | "notice" | "low" => Self::Info,
            _ => Self::Warning,
        }
    }
}

/// Why what an alert says is not sure at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// Its site is cut off.
    Cut,
    /// Its machine does not answer.
    Silent,
    /// Measurements of it are on their way.
    Waiting,
    /// The node that judges has just started or woken, and has not listened for long enough.
    JustWoken,
}

impl Doubt {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Silent => "silent",
            Self::Waiting => "waiting",
            Self::JustWoken => "just-woken",
        }
    }
}
