//! What is asked about the past? A PromQL text becomes a [`Query`], a [`Source`] gives the samples, and the [`Answer`]
//! says what is missing from it.
//!
//! Understands all of the stable language of Prometheus, and answers as Prometheus 3 does, or as 2.42 where
//! [`Options`] say so. Samples are plain numbers: there are no native histograms, so a function on them finds nothing.
//! Knows no clock, no storage and no HTTP: time is an argument, storage a trait, and whether to go on is asked of
//! [`Stop`].
//!
//! A question goes from text to a checked plan (`parse`, `lower`), and the plan is worked out for all steps at once
//! (`evaluate`): each selector is read once for all the time that it needs, and each series is a column with a value for
//! every step. What is the same at every step is worked out once.

mod absent;
mod aggregate;
mod at_once;
mod binary;
mod calendar;
mod calls;
mod cell;
mod column;
mod confined;
mod count_values;
mod coverage;
mod each;
mod error;
mod evaluate;
pub mod filter;
mod gather;
mod grain;
mod guard;
mod histogram;
mod in_memory;
mod json;
mod kahan;
mod labels;
mod limits;
mod lower;
mod matcher;
mod moving;
mod notes;
mod operator;
mod options;
mod order;
mod over_time;
mod parse;
mod plan;
mod rank;
mod rate;
mod relabel;
mod rolled;
mod rolling;
mod select;
mod set_operators;
mod source;
mod trend;
mod unite;
mod windows;

pub use cell::Cell;
pub use confined::{Bounds, Confined};
pub use coverage::{Coarse, Coverage, Lack, Shortfall};
pub use error::QueryError;
pub use evaluate::{Answer, Point, Steps, Value};
pub use grain::{Grain, Wish};
pub use in_memory::InMemory;
pub use json::write_json_text;
pub use labels::{LabelSet, NAME, OWNER_LABELS, Owner};
pub use limits::{Halt, Limits, Stop};
pub use matcher::{Matcher, RegexError, all_match};
pub use notes::Notes;
pub use options::{Dialect, Options};
pub use parse::{Query, duration_ms, format_query, selector};
pub use source::{Hints, Selection, SeriesCells, SeriesPart, SeriesSamples, Source, SourceError, Visit, samples_alone};
