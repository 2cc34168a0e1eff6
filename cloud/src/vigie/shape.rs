//! In which form is an answer written?

use std::io::IsTerminal;

use serde_json::Value;

use super::inert::inert_json;
use super::table::{Column, Table};

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Columns that a person reads.
    Table,
    /// Columns that a program cuts.
    Tsv,
    /// An object on each line.
    Lines,
    /// The whole answer.
    Whole,
}

impl Shape {
    pub(super) fn of(tsv: bool, ndjson: bool, json: bool) -> Self {
        match (tsv, ndjson, json) {
            (_, _, true) => Self::Whole,
            (_, true, _) => Self::Lines,
            (true, ..) => Self::Tsv,
            _ if std::io::stdout().is_terminal() => Self::Table,
            _ => Self::Tsv,
        }
    }
}

/// Where answers are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Out {
    shape: Shape,
}

impl Out {
    pub(super) fn new(shape: Shape) -> Self {
        Self { shape }
    }

    pub(super) fn shape(self) -> Shape {
        self.shape
    }

    /// Writes rows; below a table, what is to be known of all of them.
    pub(super) fn rows(self, whole: &Value, rows: &[Value], columns: &[Column], note: &str) {
        match self.shape {
            Shape::Whole => self.whole(whole),
            Shape::Lines => rows.iter().for_each(|row| say(&inert_json(&row.to_string()))),
            Shape::Tsv => say(Table::new(rows, columns).tabbed().trim_end_matches('\n')),
            Shape::Table => {
                say(Table::new(rows, columns).aligned().trim_end_matches('\n'));
                remark(note);
            }
        }
    }

    /// Writes one thing: field by field for a person.
    pub(super) fn one(self, value: &Value) {
        match self.shape {
            Shape::Table | Shape::Tsv => say(super::table::fields(value).trim_end_matches('\n')),
            Shape::Lines => say(&inert_json(&value.to_string())),
            Shape::Whole => self.whole(value),
        }
    }

    /// Writes an answer as it is: what is no JSON as a whole, as JSON lines are none, line by line.
    pub(super) fn whole(self, value: &Value) {
        if let Value::String(text) = value {
            return text.lines().for_each(|line| say(&inert_json(line)));
        }
        let pretty = std::io::stdout().is_terminal().then(|| serde_json::to_string_pretty(value).ok()).flatten();
        say(&inert_json(&pretty.unwrap_or_else(|| value.to_string())));
    }
}

/// Writes a line to stdout. That nobody reads it any more is no fault of the command.
pub(super) fn say(line: &str) {
    vigie_node::say!("{line}");
}

/// Says something besides, on stderr.
pub(super) fn remark(text: &str) {
    if !text.is_empty() {
        vigie_node::remark!("{text}");
    }
}
