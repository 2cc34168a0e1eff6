//! What text does a rule's template give?
//!
//! Go's `text/template` with Prometheus' functions, as rule files use it, with Go's and Prometheus' words for what goes
//! wrong. Not here: named templates (`define`, `template`, `block`) and links to a web page of Prometheus, which Vigie has
//! not. Bounded in steps, depth and bytes, because a rule file may come from anyone.

mod exec;
mod functions;
mod gofmt;
mod humanize;
mod lex;
mod node;
mod parse;
mod value;

use std::sync::Arc;

use vigie_query::LabelSet;

use node::List;
pub use value::Sample;

/// A text as Go quotes it.
pub(crate) fn go_quoted(text: &str) -> String {
    gofmt::quoted(text)
}

/// A number with as few digits as tell it, with an exponent.
pub(crate) fn go_number(value: f64, verb: char) -> String {
    gofmt::shortest_exponent(value, verb)
}

/// What stands before each text, so that people can write `$labels` and `$value`.
const DEFINITIONS: &str = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}\
                           {{$externalURL := .ExternalURL}}{{$value := .Value}}";

/// A template that was read.
#[derive(Debug, Clone)]
pub struct Template {
    name: String,
    text: String,
    root: Arc<List>,
    plain: Option<String>,
    asks: bool,
}

/// What a template is expanded for.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The labels of the series, with its name.
    pub labels: &'a LabelSet,
    /// Its value.
    pub value: f64,
    /// What the node adds to all that leaves it.
    pub external_labels: &'a [(String, String)],
    /// Where people find this node.
    pub external_url: &'a str,
}

/// Answers the questions that a template asks by `query`.
pub type Ask<'a> = &'a dyn Fn(&str) -> Result<Vec<Sample>, String>;

impl Template {
    /// Reads a template of the labels or annotations of an alert.
    ///
    /// # Errors
    /// Go's sentence when it is none.
    pub fn parse(alert: &str, text: &str) -> Result<Self, String> {
        let name = format!("__alert_{alert}");
        let plain = (!text.contains("{{")).then(|| text.to_owned());
        let whole = format!("{DEFINITIONS}{text}");
        let root = parse::parse(&name, &whole)?;
        let asks = text.contains("query");
        Ok(Self { name, text: whole, root: Arc::new(root), plain, asks })
    }

    /// Whether it asks something beyond its subject, so that its text may change while the subject does not.
    pub fn asks(&self) -> bool {
        self.asks && self.plain.is_none()
    }

    /// The text for a subject; where it goes wrong, the text that Prometheus gives.
    pub fn expand(&self, subject: &Subject<'_>, ask: Ask<'_>) -> String {
        if let Some(plain) = &self.plain {
            return plain.clone();
        }
        exec::execute(&self.name, &self.text, &self.root, subject, ask).unwrap_or_else(|error| {
            format!("<error expanding template: error executing template {}: {error}>", self.name)
        })
    }
}
