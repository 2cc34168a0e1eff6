//! Figures as people read them.

use std::fmt::Write;
use std::path::Path;

/// One figure and what it is to be measured against.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) measured: f64,
    pub(crate) unit: &'static str,
    /// At most this.
    pub(crate) goal: f64,
    /// The best peer's own measurement, elsewhere.
    pub(crate) peer: Option<(&'static str, f64)>,
}

impl Figure {
    fn row(&self) -> String {
        let reached = if self.measured <= self.goal { "yes" } else { "**no**" };
        let peer = self.peer.map_or("–".to_owned(), |(name, value)| {
            format!("{name} {value} ({:.1} ×)", value / self.measured.max(f64::EPSILON))
        });
        format!("| {} | {:.2} {} | ≤ {} | {reached} | {peer} |", self.what, self.measured, self.unit, self.goal)
    }
}

pub(crate) fn text(figures: &[Figure], quick: bool) -> String {
    let mut text =
        String::from("| what | measured | goal | reached | best peer (measured elsewhere) |\n|---|---|---|---|---|\n");
    for figure in figures {
        text += &figure.row();
        text.push('\n');
    }
    // Writing to a String does not fail.
    let _done = write!(text, "\n{} cores{}.", cores(), if quick { ", short runs" } else { "" });
    text
}

pub(crate) fn json(figures: &[Figure]) -> String {
    let one = |figure: &Figure| serde_json::json!({ "what": figure.what, "measured": figure.measured, "unit": figure.unit, "goal": figure.goal });
    serde_json::Value::Array(figures.iter().map(one).collect()).to_string()
}

pub(crate) fn into_readme(file: &Path, figures: &[Figure], quick: bool) -> std::io::Result<()> {
    const MARKS: (&str, &str) = ("<!-- figures:begin -->", "<!-- figures:end -->");
    let readme = std::fs::read_to_string(file)?;
    let parts = readme.split_once(MARKS.0).and_then(|(head, rest)| Some((head, rest.split_once(MARKS.1)?.1)));
    let (head, tail) = parts.ok_or_else(|| std::io::Error::other("the file has no markers for figures"))?;
    std::fs::write(file, format!("{head}{}\n{}\n{}{tail}", MARKS.0, text(figures, quick), MARKS.1))
}

/// How busy the machine is with other things.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
