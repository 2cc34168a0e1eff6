//! Figures as people read them.

use std::path::Path;

/// One figure and what it is to be measured against.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) what: String,
    /// No number where it could not be measured.
    pub(crate) measured: f64,
    pub(crate) unit: &'static str,
    pub(crate) goal: Goal,
    pub(crate) peers: Vec<Peer>,
}

/// What a figure has to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// Nothing was set; less is better.
    None,
}

/// What another program needs for the same.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    /// In this run, on this machine; else in a measurement of its own, elsewhere.
    pub(crate) here: bool,
}

impl Peer {
    pub(crate) fn elsewhere(name: &'static str, value: f64) -> Self {
        Self { name, value, here: false }
    }
}

const HEAD: &str = "| what | measured | goal | reached | peers, by how much better this is (¹ in the same run; else elsewhere) |\n|---|---|---|---|---|";
const MARKS: (&str, &str) = ("<!-- figures:begin -->", "<!-- figures:end -->");

impl Figure {
    /// One that could not be measured: the run says why, and the row that it was not.
    pub(crate) fn missing(what: String, unit: &'static str, goal: Goal) -> Self {
        Self { what, measured: f64::NAN, unit, goal, peers: Vec::new() }
    }

    fn is_missing(&self) -> bool {
        self.measured.is_nan()
    }

    fn row(&self) -> String {
        let (goal, reached) = match self.goal {
            Goal::AtMost(most) => (format!("≤ {most}"), yes(self.measured <= most)),
            Goal::AtLeast(least) => (format!("≥ {least}"), yes(self.measured >= least)),
            Goal::None => ("–".to_owned(), "–"),
        };
        if self.is_missing() {
            return format!("| {} | not measured | {goal} | – | – |", self.what);
        }
        let peers: Vec<String> = self.peers.iter().map(|peer| self.beside(peer)).collect();
        let peers = if peers.is_empty() { "–".to_owned() } else { peers.join(", ") };
        format!("| {} | {} {} | {goal} | {reached} | {peers} |", self.what, short(self.measured), self.unit)
    }

    fn beside(&self, peer: &Peer) -> String {
        let (less, more) =
            if self.more_is_better() { (peer.value, self.measured) } else { (self.measured, peer.value) };
        let (mark, times) = (if peer.here { "¹" } else { "" }, more / less.max(f64::EPSILON));
        // What was measured elsewhere stands as it was said there.
        let value = if peer.here { short(peer.value) } else { peer.value.to_string() };
        format!("{}{mark} {value} ({times:.1} ×)", peer.name)
    }

    fn more_is_better(&self) -> bool {
        matches!(self.goal, Goal::AtLeast(_)) || self.unit.ends_with("/s")
    }
}

fn yes(reached: bool) -> &'static str {
    if reached { "yes" } else { "**no**" }
}

/// Three figures that matter, about.
fn short(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

pub(crate) fn text(figures: &[Figure], quick: bool) -> String {
    let rows: String = figures.iter().map(|figure| figure.row() + "\n").collect();
    format!("{HEAD}\n{rows}\n{}", note(quick))
}

fn note(quick: bool) -> String {
    format!("{} cores{}.", cores(), if quick { ", short runs" } else { "" })
}

pub(crate) fn json(figures: &[Figure]) -> String {
    let one = |figure: &Figure| {
        let goal = match figure.goal {
            Goal::AtMost(most) => serde_json::json!({ "at_most": most }),
            Goal::AtLeast(least) => serde_json::json!({ "at_least": least }),
            Goal::None => serde_json::Value::Null,
        };
        let peer = |peer: &Peer| serde_json::json!({ "name": peer.name, "value": peer.value, "same_run": peer.here });
        let peers: Vec<_> = figure.peers.iter().map(peer).collect();
        serde_json::json!({ "what": figure.what, "measured": figure.measured, "unit": figure.unit, "goal": goal, "peers": peers })
    };
    serde_json::Value::Array(figures.iter().map(one).collect()).to_string()
}

/// Writes rows into the table of a README. Rows of other figures stay where they are, and so do those that could not be
/// measured this time, and what is said below them.
pub(crate) fn into_readme(file: &Path, figures: &[Figure], quick: bool) -> std::io::Result<()> {
    let readme = std::fs::read_to_string(file)?;
    let written = merged(&readme, figures, quick);
    std::fs::write(file, written.ok_or_else(|| std::io::Error::other("the file has no markers for figures"))?)
}

fn merged(readme: &str, figures: &[Figure], quick: bool) -> Option<String> {
    let (head, rest) = readme.split_once(MARKS.0)?;
    let (table, tail) = rest.split_once(MARKS.1)?;
    let mut rows: Vec<String> =
        table.lines().filter(|line| line.starts_with("| ")).skip(1).map(str::to_owned).collect();
    for figure in figures {
        let begins = format!("| {} |", figure.what);
        match rows.iter_mut().find(|row| row.starts_with(&begins)) {
            Some(_) if figure.is_missing() => {}
            Some(row) => *row = figure.row(),
            None => rows.push(figure.row()),
        }
    }
    let said: Vec<&str> =
        table.lines().skip_while(|line| !line.starts_with('|')).skip_while(|line| line.starts_with('|')).collect();
    let said = said.join("\n").trim().to_owned();
    let said = if said.is_empty() { note(quick) } else { said };
    Some(format!("{head}{}\n{HEAD}\n{}\n\n{said}\n{}{tail}", MARKS.0, rows.join("\n"), MARKS.1))
}

/// The value that so many of a hundred do not exceed; no number where there is none.
pub(crate) fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = ((values.len() as f64 * share).ceil() as usize).clamp(1, values.len().max(1)) - 1;
    values.get(at).copied().unwrap_or(f64::NAN)
}

/// How busy the machine is with other things.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(what: &str, measured: f64, goal: Goal, peers: Vec<Peer>) -> Figure {
        Figure { what: what.to_owned(), measured, unit: "ms", goal, peers }
    }

    #[test]
    fn how_much_better_is_said_whichever_way_better_lies() {
        let peer = |value| vec![Peer { name: "other", value, here: true }];
        let less = figure("a", 2.0, Goal::AtMost(3.0), peer(6.0));
        assert_eq!(less.row(), "| a | 2.00 ms | ≤ 3 | yes | other¹ 6.00 (3.0 ×) |");
        let more = figure("b", 4.0, Goal::AtLeast(5.0), peer(1.0));
        assert_eq!(more.row(), "| b | 4.00 ms | ≥ 5 | **no** | other¹ 1.00 (4.0 ×) |");
        let elsewhere = figure("c", 250.0, Goal::None, vec![Peer::elsewhere("far", 31.0)]);
        assert_eq!(elsewhere.row(), "| c | 250 ms | – | – | far 31 (0.1 ×) |");
    }

    #[test]
    fn of_a_hundred_the_ninety_fifth_is_the_one_that_five_exceed() {
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert!((percentile(&mut values, 0.95), percentile(&mut values, 0.5)) == (95.0, 50.0));
        assert!(percentile(&mut [], 0.95).is_nan());
    }

    #[test]
    fn what_could_not_be_measured_says_so_and_takes_no_other_figures_place() {
        let missing = || Figure::missing("a".to_owned(), "ms", Goal::AtMost(3.0));
        assert_eq!(missing().row(), "| a | not measured | ≤ 3 | – | – |");
        assert!(json(&[missing()]).contains("\"measured\":null"));
        let readme = format!("{}\n{}", MARKS.0, MARKS.1);
        let first = merged(&readme, &[missing()], false).expect("markers");
        assert!(first.contains("not measured"));
        let then = merged(&first, &[figure("a", 2.0, Goal::AtMost(3.0), Vec::new())], false).expect("markers");
        let again = merged(&then, &[missing()], false).expect("markers");
        assert!(again.contains("| a | 2.00 ms | ≤ 3 | yes | – |") && !again.contains("not measured"));
    }

    #[test]
    fn rows_that_were_not_measured_stay_and_new_ones_follow_them() {
        let old = |what: &str| figure(what, 1.0, Goal::None, Vec::new());
        let readme = format!("head\n{}\n\n{}\ntail", MARKS.0, MARKS.1);
        let first = merged(&readme, &[old("a"), old("b")], false).expect("markers");
        let with_words = first.replace(&note(false), "Measured at night.");
        let again = merged(&with_words, &[figure("b", 2.0, Goal::None, Vec::new()), old("c")], false).expect("markers");
        let rows: Vec<&str> = again.lines().filter(|line| line.starts_with("| ")).collect();
        assert_eq!(
            rows[1..],
            ["| a | 1.00 ms | – | – | – |", "| b | 2.00 ms | – | – | – |", "| c | 1.00 ms | – | – | – |"]
        );
        assert!(again.contains("\n\nMeasured at night.\n<!-- figures:end -->\ntail"));
        assert_eq!(merged("no markers", &[], false), None);
    }
}
