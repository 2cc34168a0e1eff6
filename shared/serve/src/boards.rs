//! What must a node know so that people keep dashboards of their own?

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_model::Slug;
use vigie_people::Scope;

use crate::{Stamp, Undecided};

/// Columns of a board's grid.
pub(crate) const COLUMNS: u16 = 12;
/// Rows that a widget may begin below: further down nobody looks.
pub(crate) const MOST_ROWS: u16 = 400;
/// Rows that a widget may be high.
pub(crate) const MOST_HIGH: u16 = 20;
/// Widgets of one board. Each asks for itself, and a page of them is drawn at once.
pub(crate) const MOST_WIDGETS: usize = 40;

/// What a hub implements so that people keep boards. Asked from blocking threads.
pub trait Boards: Send + Sync + 'static {
    /// All of them, without what is on them.
    fn heads(&self) -> Vec<BoardHead>;

    /// One of them as a whole.
    ///
    /// # Errors
    /// When it can not be read now.
    fn one(&self, id: &str) -> Result<Option<BoardKept>, Undecided>;

    /// Keeps another one, durably.
    ///
    /// # Errors
    /// When there are too many, or it can not be kept; nothing was changed then.
    fn add(&self, wish: &BoardWish, owner: &BoardOwner) -> Result<BoardKept, Undecided>;

    /// Puts what is wished in place of the version that somebody saw, durably.
    ///
    /// # Errors
    /// When it is another version or there is none, or it can not be kept; nothing was changed then.
    fn change(&self, id: &str, seen: u64, wish: &BoardWish, by: &str) -> Result<BoardKept, Undecided>;

    /// Lets the version that somebody saw go, durably.
    ///
    /// # Errors
    /// When it is another version or there is none, or it can not be kept; nothing was changed then.
    fn remove(&self, id: &str, seen: u64) -> Result<(), Undecided>;
}

/// Whose a board is: by what they are known for good, and as the audit calls them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardOwner {
    /// A person by their id, a program by the name of its token.
    pub key: String,
    /// What they were called when they made it.
    pub name: String,
}

/// A board without what is on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardHead {
    /// Which.
    pub id: String,
    /// Counts its changes.
    pub version: u64,
    /// Whose.
    pub owner: BoardOwner,
    /// What it is called.
    pub name: String,
    /// Who sees it beside its owner.
    pub shared: Option<Scope>,
    /// How many widgets are on it.
    pub widgets: usize,
    /// When it was made, in ms since 1970.
    pub made_ms: i64,
    /// When it was changed last, in ms since 1970.
    pub changed_ms: i64,
    /// By whom.
    pub changed_by: String,
}

/// A board as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoardKept {
    /// Which, whose and since when.
    pub head: BoardHead,
    /// What is on it.
    pub wish: BoardWish,
}

/// A board as somebody wants it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardWish {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Who sees it beside its owner: all who see anything of this part of the deployment (`*`, `acme`, `acme/lyon`).
    #[serde(default)]
    pub shared: Option<Scope>,
    /// The stretch of time that it begins with.
    #[serde(default)]
    pub range: BoardRange,
    /// What is on it; on a narrow screen one below the other, by row and column.
    #[serde(default)]
    #[schema(max_items = 40)]
    pub widgets: Vec<Widget>,
}

/// A stretch of time that ends now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum BoardRange {
    /// An hour.
    #[serde(rename = "1h")]
    Hour,
    /// Six hours.
    #[serde(rename = "6h")]
    SixHours,
    /// A day.
    #[default]
    #[serde(rename = "24h")]
    Day,
    /// A week.
    #[serde(rename = "7d")]
    Week,
    /// Thirty days.
    #[serde(rename = "30d")]
    Month,
}

/// What a widget shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WidgetKind {
    /// A chart over time.
    Line,
    /// One number.
    Value,
    /// The machines with the most of something.
    Top,
    /// A number of each machine.
    Table,
    /// How many machines are well, late, silent…
    Status,
    /// What is wrong now.
    Incidents,
    /// A text.
    Text,
}

/// What is made of the numbers of several machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WidgetFold {
    /// Their mean.
    Avg,
    /// Their sum.
    Sum,
    /// The least.
    Min,
    /// The most.
    Max,
}

/// One widget, and where it stands on a grid of twelve columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Widget {
    /// What it shows.
    pub kind: WidgetKind,
    /// The column that it begins in, from 0.
    #[schema(maximum = 11)]
    pub x: u16,
    /// The row, from 0.
    #[schema(maximum = 400)]
    pub y: u16,
    /// Columns.
    #[schema(minimum = 1, maximum = 12)]
    pub w: u16,
    /// Rows.
    #[schema(minimum = 1, maximum = 20)]
    pub h: u16,
    /// What stands above it; what it shows, where that is left out.
    #[serde(default)]
    #[schema(max_length = 120)]
    pub title: String,
    /// Of which metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub metric: Option<String>,
    /// A question in PromQL in place of a metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub query: Option<String>,
    /// What is made of several machines' numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<WidgetFold>,
    /// Of this client's alone; as the reader chose above the board if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Slug>,
    /// Of this site's alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Slug>,
    /// Of this machine alone, by its id; as the reader chose if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub machine: Option<String>,
    /// How many rows it lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100)]
    pub most: Option<u16>,
    /// A text's words; a blank line begins another paragraph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4000)]
    pub text: Option<String>,
}

/// A board in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BoardSummary {
    /// Which.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Whose.
    pub owner: String,
    /// Whether it is the asker's.
    pub own: bool,
    /// Whether the asker may change it.
    pub may_change: bool,
    /// Who sees it beside its owner.
    pub shared: Option<Scope>,
    /// How many widgets are on it.
    pub widgets: usize,
    /// When it was made.
    pub made_at: Stamp,
    /// When it was changed last.
    pub changed_at: Stamp,
    /// By whom.
    pub changed_by: String,
}

/// A board with what is on it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Board {
    /// Which and whose.
    pub about: BoardSummary,
    /// As it was said; what `PUT` takes.
    pub said: BoardWish,
}

impl BoardWish {
    /// Whether it can be drawn; what is wrong with it if not.
    pub(crate) fn check(&self) -> Result<(), String> {
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err("name has 1 to 100 characters, on one line".to_owned());
        }
        if self.shared.as_ref().is_some_and(Scope::is_tagged) {
            return Err("shared is *, a client or a site of it, without tags".to_owned());
        }
        if self.widgets.len() > MOST_WIDGETS {
            return Err(format!("widgets are at most {MOST_WIDGETS}, not {}", self.widgets.len()));
        }
        let wrong = |(at, widget): (usize, &Widget)| widget.check().err().map(|why| format!("widgets[{at}]: {why}"));
        self.widgets.iter().enumerate().find_map(wrong).map_or(Ok(()), Err)
    }
}

impl Widget {
    fn check(&self) -> Result<(), String> {
        let Self { x, y, w, h, .. } = *self;
        if w == 0 || w > COLUMNS || x > COLUMNS - w {
            return Err(format!("x and w lie within {COLUMNS} columns"));
        }
        if h == 0 || h > MOST_HIGH || y > MOST_ROWS {
            return Err(format!("h is 1 to {MOST_HIGH} rows, y at most {MOST_ROWS}"));
        }
        let texts = [
            ("title", Some(&self.title), 120),
            ("metric", self.metric.as_ref(), 200),
            ("query", self.query.as_ref(), 2_000),
            ("machine", self.machine.as_ref(), 200),
            ("text", self.text.as_ref(), 4_000),
        ];
        for (name, text, most) in texts {
            if text.is_some_and(|text| text.chars().count() > most) {
                return Err(format!("{name} has at most {most} characters"));
            }
        }
        if self.most.is_some_and(|most| !(1..=100).contains(&most)) {
            return Err("most is 1 to 100".to_owned());
        }
        if self.site.is_some() && self.client.is_none() {
            return Err("a site is one of a client: name both".to_owned());
        }
        let is_said = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
        match self.kind {
            WidgetKind::Line | WidgetKind::Value | WidgetKind::Top | WidgetKind::Table
                if is_said(&self.metric) == is_said(&self.query) =>
            {
                Err("it shows a metric, or the answer to a query: say one of them".to_owned())
            }
            WidgetKind::Text if !is_said(&self.text) => Err("a text says something".to_owned()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(widget: Value) -> Result<(), String> {
        let board = json!({ "name": "Night", "widgets": [widget] });
        serde_json::from_value::<BoardWish>(board).map_err(|error| error.to_string())?.check()
    }

    #[test]
    fn a_widget_lies_on_the_grid_and_says_what_it_shows() {
        assert_eq!(read(json!({ "kind": "status", "x": 6, "y": 0, "w": 6, "h": 3 })), Ok(()));
        assert_eq!(read(json!({ "kind": "line", "x": 0, "y": 400, "w": 12, "h": 20, "metric": "up" })), Ok(()));
        for (widget, why) in [
            (json!({ "kind": "status", "x": 7, "y": 0, "w": 6, "h": 3 }), "12 columns"),
            (json!({ "kind": "status", "x": 65535, "y": 0, "w": 12, "h": 3 }), "12 columns"),
            (json!({ "kind": "status", "x": 0, "y": 0, "w": 0, "h": 3 }), "12 columns"),
            (json!({ "kind": "status", "x": 0, "y": 0, "w": 1, "h": 21 }), "20 rows"),
            (json!({ "kind": "line", "x": 0, "y": 0, "w": 1, "h": 1 }), "say one of them"),
            (
                json!({ "kind": "top", "x": 0, "y": 0, "w": 1, "h": 1, "metric": "up", "query": "up" }),
                "say one of them",
            ),
            (json!({ "kind": "text", "x": 0, "y": 0, "w": 1, "h": 1, "text": " " }), "says something"),
            (json!({ "kind": "text", "x": 0, "y": 0, "w": 1, "h": 1, "text": "é".repeat(4_001) }), "4000 characters"),
            (json!({ "kind": "pie", "x": 0, "y": 0, "w": 1, "h": 1 }), "unknown variant"),
            (json!({ "kind": "status", "x": 0, "y": 0, "w": 1, "h": 1, "colour": "red" }), "unknown field"),
            (json!({ "kind": "status", "x": 0, "y": 0, "w": 1, "h": 1, "site": "lyon" }), "name both"),
        ] {
            let said = read(widget.clone()).expect_err("it makes no sense");
            assert!(said.contains(why), "{widget}: {said}");
        }
    }

    #[test]
    fn a_board_has_a_name_and_no_more_widgets_than_are_drawn() {
        let widget = json!({ "kind": "status", "x": 0, "y": 0, "w": 1, "h": 1 });
        let board = |name: &str, shared: &str, widgets: usize| {
            let board = json!({ "name": name, "shared": shared, "widgets": vec![widget.clone(); widgets] });
            serde_json::from_value::<BoardWish>(board).expect("a board").check()
        };
        assert_eq!(board("Night", "acme/lyon", MOST_WIDGETS), Ok(()));
        for wrong in
            [board(" ", "*", 1), board("a\nb", "*", 1), board("Night", "acme#till", 1), board("Night", "*", 41)]
        {
            assert!(wrong.is_err());
        }
    }
}
