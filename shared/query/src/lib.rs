//! What is asked about the past? A PromQL text becomes a [`Query`], a [`Source`] gives the samples, and the [`Answer`]
//! says what is missing from it.
//!
//! Understands selectors, matchers, offsets, `@` and plain numbers; functions, operators on series and aggregations are
//! refused by name until they are built. Knows no clock, no storage and no HTTP: time is an argument, storage a trait,
//! and whether to go on is asked of [`Stop`].

mod confined;
mod coverage;
mod error;
mod evaluate;
mod gather;
mod guard;
mod in_memory;
mod labels;
mod limits;
mod matcher;
mod parse;
mod source;

pub use confined::Confined;
pub use coverage::{Coverage, Lack, Shortfall};
pub use error::QueryError;
pub use evaluate::{Answer, Point, Steps, Value};
pub use in_memory::InMemory;
pub use labels::{LabelSet, NAME, OWNER_LABELS, Owner};
pub use limits::{Halt, Limits, Stop};
pub use matcher::{Matcher, RegexError, all_match};
pub use parse::{Query, duration_ms, selector};
pub use source::{SeriesSamples, Source, SourceError, Visit};
