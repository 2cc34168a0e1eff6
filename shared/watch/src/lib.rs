//! What is wrong, since when, and how sure is that? Rules, observations and a moment become transitions of alerts.
//!
//! Rules are those of Prometheus, read from its files ([`read_rules`]) and tried with its unit tests ([`run_tests`]), or
//! written by people as a [`Form`] with differences for a place (a [`Family`] of [`Tuning`]s). A [`Mind`] works them out over a
//! [`Source`](vigie_query::Source) and tells each [`Transition`] once. What is not heard because a site is cut or a machine
//! silent is in [`Doubt`], not resolved: only hearing resolves. [`presence`] judges who is there at all, and [`backtest`]
//! says what rules would have done.
//!
//! Knows no IO, clock or chance, and neither who is told nor what people answer: acknowledging, silencing and escalation
//! begin where a transition has been told. Rules on native histograms find nothing, because there are none.

mod backtest;
mod defaults;
mod duration;
mod file;
mod flaps;
mod form;
mod mind;
pub mod presence;
mod rule;
mod template;
mod test;

pub use backtest::{BacktestError, Episode, History, Span, backtest};
pub use defaults::default_rules;
pub use duration::{parse_duration, write_duration};
pub use file::{Fault, MAX_FILE_BYTES, Place, Strictness, read_rules, write_rules};
pub use flaps::Flaps;
pub use form::{
    Applied, ConfineError, Family, Form, FormError, Layer, Machine, Reading, Scope, Spread, Tuning, Value, confined,
};
pub use mind::{
    Comparison, CompileError, Evaluation, FOR_GRACE_MS, Failure, Fingerprint, Instance, Mind, OUTAGE_TOLERANCE_MS,
    Output, Phase, RuleKey, Saved, Settings, Transition,
};
pub use rule::{ACROSS_LABEL, Alerting, CLEAR_ANNOTATION, Group, PRESENCE_LABEL, Rule, RuleKind, SEVERITY_LABEL};
pub use template::{Ask, Sample, Subject, Template};
pub use test::{Difference, RunOptions, SeriesError, TestFile, read_series, read_tests, run_tests};
pub use vigie_model::{Doubt, Severity};
