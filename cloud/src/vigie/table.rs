//! How do rows of JSON become columns?

use serde_json::Value;

use super::inert::inert;

/// A column: its name, and where its value stands in a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// As in `/reachability/state`.
    pub(super) at: &'static str,
}

pub(super) const fn column(name: &'static str, at: &'static str) -> Column {
    Column { name, at }
}

/// Characters of a cell of a table that a person reads; programs get all of it.
const WIDEST: usize = 60;

/// Rows of texts.
#[derive(Debug)]
pub(super) struct Table {
    names: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(rows: &[Value], columns: &[Column]) -> Self {
        let row = |row: &Value| columns.iter().map(|column| cell(row.pointer(column.at))).collect();
        Self { names: columns.iter().map(|column| column.name).collect(), rows: rows.iter().map(row).collect() }
    }

    /// With tabs between them; no text holds one.
    pub(super) fn tabbed(&self) -> String {
        let mut out = self.names.join("\t") + "\n";
        for row in &self.rows {
            out.push_str(&row.join("\t"));
            out.push('\n');
        }
        out
    }

    /// One below the other.
    pub(super) fn aligned(&self) -> String {
        let rows: Vec<Vec<String>> = self.rows.iter().map(|row| row.iter().map(|cell| cut(cell)).collect()).collect();
        let width = |at: usize| {
            let cells = rows.iter().map(|row| row[at].chars().count());
            cells.chain([self.names[at].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.names.len()).map(width).collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let padded = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        };
        let names: Vec<String> = self.names.iter().map(|name| name.to_uppercase()).collect();
        let mut out = line(&mut names.iter().map(String::as_str));
        for row in &rows {
            out.push_str(&line(&mut row.iter().map(String::as_str)));
        }
        out
    }
}

/// Each field of a value on a line of its own, those within others by their path.
pub(super) fn fields(value: &Value) -> String {
    let mut out = String::new();
    write_fields(value, "", &mut out);
    out
}

fn write_fields(value: &Value, path: &str, out: &mut String) {
    let below = |name: &str| if path.is_empty() { inert(name) } else { format!("{path}.{}", inert(name)) };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(name, field)| write_fields(field, &below(name), out));
        }
        Value::Array(list) if list.iter().any(|one| one.is_object() || one.is_array()) => {
            list.iter().enumerate().for_each(|(at, one)| write_fields(one, &below(&at.to_string()), out));
        }
        other => {
            out.push_str(path);
            out.push('\t');
            out.push_str(&cell(Some(other)));
            out.push('\n');
        }
    }
}

/// A value as text: nothing is a hyphen, and several stand beside each other.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::String(text)) => inert(text),
        Some(Value::Number(number)) => match number.as_f64() {
            Some(float) if !number.is_i64() && !number.is_u64() => format!("{}", (float * 1000.0).round() / 1000.0),
            _ => number.to_string(),
        },
        Some(Value::Bool(is)) => if *is { "yes" } else { "no" }.to_owned(),
        Some(Value::Array(list)) if list.is_empty() => "-".to_owned(),
        Some(Value::Object(fields)) if fields.is_empty() => "-".to_owned(),
        Some(Value::Array(list)) => list.iter().map(|one| cell(Some(one))).collect::<Vec<_>>().join(","),
        Some(Value::Object(fields)) => {
            let pairs = fields.iter().map(|(name, field)| format!("{}={}", inert(name), cell(Some(field))));
            pairs.collect::<Vec<_>>().join(",")
        }
    }
}

fn cut(cell: &str) -> String {
    if cell.chars().count() <= WIDEST {
        return cell.to_owned();
    }
    cell.chars().take(WIDEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COLUMNS: [Column; 3] =
        [column("name", "/name"), column("state", "/reach/state"), column("cpu", "/cpu/value")];

    #[test]
    fn columns_stand_below_each_other_or_between_tabs() {
        let rows = [
            json!({ "name": "till-1", "reach": { "state": "live" }, "cpu": { "value": 0.21444 } }),
            json!({ "name": "a\tb\u{1b}[1m", "reach": { "state": "cut" }, "cpu": null }),
        ];
        let table = Table::new(&rows, &COLUMNS);
        assert_eq!(table.tabbed(), "name\tstate\tcpu\ntill-1\tlive\t0.214\na\u{fffd}b\u{fffd}[1m\tcut\t-\n");
        assert_eq!(table.aligned(), "NAME     STATE  CPU\ntill-1   live   0.214\na\u{fffd}b\u{fffd}[1m  cut    -\n");
    }

    #[test]
    fn one_thing_is_told_field_by_field() {
        let value = json!({ "id": "A", "place": { "site": "lyon" }, "words": [{ "by": "ann" }], "tags": ["x", "y"], "none": [] });
        assert_eq!(fields(&value), "id\tA\nnone\t-\nplace.site\tlyon\ntags\tx,y\nwords.0.by\tann\n");
    }
}
