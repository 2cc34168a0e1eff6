//! How does a client's samples get into a file, without anybody who waits for it?

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_model::Slug;
use vigie_query::{Bounds, Confined, Limits, QueryError, Source};

use crate::Stamp;
use crate::api::{ExportForm, Wanted};

/// A client's samples that somebody wants in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportWish {
    /// Whose.
    pub client: Slug,
    /// Which series, as selectors; all of the client's if left out.
    #[serde(default, rename = "match", skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub matches: Vec<String>,
    /// From this moment on; from the first if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Stamp>,
    /// Until this moment; until now if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Stamp>,
    /// In which form.
    #[serde(default)]
    pub format: ExportFormat,
    /// Samples as they were measured, or what minutes or hours came down to.
    #[serde(default)]
    pub resolution: ExportGrain,
}

/// A form of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// JSON lines, as VictoriaMetrics writes them.
    #[default]
    Jsonl,
    /// Comma-separated values, for people.
    Csv,
    /// Parquet, for data frames.
    Parquet,
}

impl ExportFormat {
    /// What a file of it ends with.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// What a browser is told of it.
    pub fn content_type(self) -> &'static str {
        ExportForm::from(self).content_type()
    }
}

/// What an export holds of each series.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ExportGrain {
    /// Samples as they were measured.
    #[default]
    #[serde(rename = "raw")]
    Raw,
    /// What minutes came down to.
    #[serde(rename = "1m")]
    Minutes,
    /// What hours came down to.
    #[serde(rename = "1h")]
    Hours,
}

impl ExportWish {
    /// Whether it can be carried out; why not, in words for who asked.
    ///
    /// # Errors
    /// When a selector can not be read.
    pub fn check(&self) -> Result<(), QueryError> {
        Wanted::of(self).map(drop)
    }

    /// Writes it, of what is this client's and nothing else whatever the selectors say; how many samples, or minutes and hours.
    ///
    /// # Errors
    /// When it makes no sense, what is kept can not be read, or `out` takes no more. What was written until then is a part.
    pub fn write(
        &self,
        source: &dyn Source,
        limits: &Limits,
        out: &mut (dyn io::Write + Send),
    ) -> Result<u64, QueryError> {
        let bounds = Bounds::new([self.client.as_str().to_owned()].into(), [].into());
        let mut samples = 0;
        let told = &mut |some: usize| samples += some as u64;
        Wanted::of(self)?.write(
            &Confined::new(source, Some(Arc::new(bounds))),
            self.format.into(),
            limits,
            out,
            told,
        )?;
        Ok(samples)
    }
}
